"""Plans of every family, word for word, and their agreement with ComfyUI's real node schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.local import (
    FAMILIES,
    Connected,
    Extent,
    PatchFacts,
    Settings,
    VaeFacts,
    files_of,
    make_plan,
)
from genvr_depth.nodes.depthkit.local.video import VIDEO_FAMILIES
from plan_check import RAN, READ, check_steps

DATA = Path(__file__).resolve().parents[1] / "data"
PLANS = json.loads((DATA / "plans.json").read_text())


@pytest.mark.parametrize("name", PLANS)
def test_plan_is_what_an_expert_agreed_to(name, capsys):
    assert main(["plan", *PLANS[name].split()]) == 0
    assert capsys.readouterr().out == (DATA / "plans" / f"{name}.txt").read_text()


def test_command_refuses_like_the_node_and_lists_files_with_licences(capsys):
    assert main(["plan", "sdxl", "--control", "flux"]) == 1
    assert "does not fit the model (SDXL)" in capsys.readouterr().err
    assert main(["plan", "flux_depth", "--files"]) == 0
    listed = capsys.readouterr().out
    assert "models/diffusion_models/flux1-depth-dev.safetensors (FLUX.1 [dev] Non-Comm" in listed
    for size in ("512", "0x512", "ax4"):
        with pytest.raises(SystemExit) as stopped:
            main(["plan", "sd15", "--depth", size])
        assert stopped.value.code == 2


def test_every_family_has_a_golden_plan():
    planned = {arguments.split()[0] for arguments in PLANS.values()}
    families = {family.key for family in (*FAMILIES, *VIDEO_FAMILIES)}
    assert planned == families | {"generic"}
    assert {f"{name}.txt" for name in PLANS} == {p.name for p in (DATA / "plans").iterdir()}


def _plans():
    """A plan per family and route, with and without every optional part."""
    for family in FAMILIES:
        controls = [
            family.typical_control(kind, union=u) for kind in family.controls for u in (0, 1)
        ]
        patches = [PatchFacts(kind, kind) for kind in family.patches]
        routes = [(control, None) for control in controls] + [(None, patch) for patch in patches]
        for control, patch in routes or [(None, None)]:
            for full in (False, True):
                picture = Extent(640, 480, 2)
                connected = Connected(
                    family.typical,
                    VaeFacts(family.latent_channels, family.latent_dimensions),
                    picture,
                    control=control,
                    patch=patch,
                    clip=not full,
                    positive=full,
                    reference=picture if full else None,
                    mask=picture if full else None,
                    color_map=picture if full else None,
                )
                strength = 0.0 if family.uncontrolled else None
                settings = Settings(second_pass=2.0 if full else 1.0, count=3, strength=strength)
                name = f"{family.key}-{(control or patch or family).__class__.__name__}-{full}"
                yield pytest.param(make_plan(connected, settings), id=name)


@pytest.mark.parametrize("version", RAN)
@pytest.mark.parametrize("plan", list(_plans()))
def test_plan_agrees_with_comfyuis_schemas(plan, version):
    nodes, needed = RAN[version], set(plan.family.needs)
    if not needed <= nodes.keys():
        if version == "0.27":
            pytest.skip(f"{', '.join(needed - nodes.keys())}: newer than 0.27, or of another pack")
        nodes = nodes | READ
    check_steps(plan.steps, {plan.image: "IMAGE", plan.latent: "LATENT"}, nodes)


def test_what_was_only_read_says_so():
    for family in FAMILIES:
        read = not set(family.needs) <= RAN["0.33"].keys()
        assert read == any("read, not run" in note for note in family.notes), family.key


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_defaults_are_names_that_comfyui_has(family):
    sampler = RAN["0.27"]["KSampler"]["required"]
    assert family.sampler in sampler["sampler_name"]["options"]
    assert family.scheduler in sampler["scheduler"]["options"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_every_file_has_a_licence_and_a_download_address(family):
    files = files_of(family.key)
    assert files or family.uncontrolled, family.key
    for file in files:
        assert file.licence
        assert file.url.startswith("https://huggingface.co/")
        assert file.name.endswith(".safetensors")
