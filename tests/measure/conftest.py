from __future__ import annotations

import pytest
from genvr_depth.nodes.depthkit.errors import ModelError
from genvr_depth.nodes.depthkit.estimators import builtin_estimator, estimate
from genvr_depth.nodes.depthkit.scenes import SCENE_NAMES, load_scene


@pytest.fixture(scope="session")
def built_in():
    """(model, its depth of every scene)."""
    try:
        model = builtin_estimator()
    except ModelError as missing:
        pytest.skip(str(missing))
    return model, {name: estimate(model, load_scene(name).image).depth for name in SCENE_NAMES}
