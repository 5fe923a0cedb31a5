"""What the user reads before the text of an error."""

from __future__ import annotations

import copy
import re
import traceback

import pytest
from genvr_depth.nodes.depthkit import errors
from genvr_depth.nodes.depthkit.genvr import service_errors
from genvr_depth.nodes.shared.users import UnknownUserError


def _all(kind):
    return [kind, *(deeper for sub in kind.__subclasses__() for deeper in _all(sub))]


def shown(kind):
    """As ComfyUI's `execution.full_type_name` forms it, in every version."""
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


@pytest.mark.parametrize("kind", _all(errors.DepthError), ids=lambda kind: kind.__name__)
def test_a_notice_in_comfyui_begins_with_words(kind):
    assert re.fullmatch(r"GenVR Depth, [a-z ]{5,30}", shown(kind))


def test_the_words_are_those_of_the_class():
    assert shown(service_errors.MissingKey) == "GenVR Depth, missing key"
    assert shown(UnknownUserError) == "GenVR Depth, unknown user error"


def test_an_error_can_still_be_copied_and_printed():
    error = copy.deepcopy(errors.InvalidInput("Connect 'image'."))
    assert isinstance(error, ValueError)
    assert repr(error) == "InvalidInput(\"Connect 'image'.\")"
    printed = "".join(traceback.format_exception_only(error))
    assert printed == "GenVR Depth, invalid input: Connect 'image'.\n"
