"""Generate from Depth (Local) without ComfyUI: facts from stand-ins, a recorded expansion."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap
from genvr_depth.nodes.depthkit.errors import InvalidInput, PlanError
from genvr_depth.nodes.depthkit.local import (
    FAMILIES,
    Connected,
    Extent,
    ModelFacts,
    Settings,
    VaeFacts,
    make_plan,
)
from genvr_depth.nodes.generate.generate_local import GenVRDepthGenerateLocal
from genvr_depth.nodes.shared import host
from genvr_depth.nodes.shared.local_facts import control_facts, model_facts, patch_facts, vae_facts


class Graph:
    """Records what the node expands into, in the form of ComfyUI's GraphBuilder."""

    def __init__(self):
        self.nodes = {}

    def node(self, class_type, id, **inputs):
        assert id not in self.nodes
        self.nodes[id] = SimpleNamespace(class_type=class_type, inputs=inputs)
        return SimpleNamespace(out=lambda slot: [id, slot])

    def finalize(self):
        return {key: vars(node) for key, node in self.nodes.items()}

    def find(self, class_type):
        return next(node for node in self.nodes.values() if node.class_type == class_type)


@pytest.fixture
def graph(monkeypatch):
    recorded = Graph()
    monkeypatch.setattr(host.HeadlessHost, "graph", lambda self: recorded)
    return recorded


def config(name, *bases, **unet):
    """A model config whose class has ComfyUI's name and base classes."""
    cls = object
    for base in reversed(bases):
        cls = type(base, (cls,), {})
    return type(name, (cls,), {"unet_config": unet})()


def model(name="SD15", *bases, channels=4, patches=None, objects=None, dimensions=2, **unet):
    latent = SimpleNamespace(latent_channels=channels, latent_dimensions=dimensions)
    inner = SimpleNamespace(model_config=config(name, *bases, **unet), latent_format=latent)
    return SimpleNamespace(model=inner, patches=patches or {}, object_patches=objects or {})


def sd15():
    return model("SD15", context_dim=768, in_channels=4)


def network(module, name, weights, **attributes):
    cls = type(name, (), {"__module__": f"comfy.{module}"})
    net = cls()
    shaped = [(key, torch.empty(shape)) for key, shape in weights.items()]
    net.named_parameters = lambda: iter(shaped)
    for key, value in attributes.items():
        setattr(net, key, value)
    return net


def control(net, latent_format=None):
    return SimpleNamespace(control_model=net, latent_format=latent_format)


def sd15_control():
    weights = {"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768)}
    return control(network("cldm.cldm", "ControlNet", weights))


VAE = SimpleNamespace(latent_channels=4, latent_dim=2)
DEPTH = DepthMap.make(torch.linspace(1, 9, 64).expand(1, 64, 64), "metric")


def test_facts_of_models_are_read_from_their_attributes():
    facts = model_facts(sd15())
    assert (facts.name, facts.width, facts.concat_channels) == ("SD15", 768, 0)
    sdxl = model_facts(model("SSD1B", "SDXL", context_dim=2048, in_channels=4))
    assert sdxl.lineage[:2] == ("SSD1B", "SDXL")
    sd3 = model_facts(model("SD3", channels=16, depth=38, pos_embed_scaling_factor=None))
    assert sd3.width == 2432
    flux = {"image_model": "flux", "hidden_size": 3072}
    depth = model_facts(model("Flux", channels=16, in_channels=32, **flux))
    assert (depth.concat_channels, depth.by_lora) == (16, False)
    qwen = model_facts(
        model("QwenImage", channels=16, dimensions=3, image_model="qwen_image", in_channels=64)
    )
    assert (qwen.concat_channels, qwen.latent_dimensions) == (0, 3)


def test_flux_depth_lora_is_recognised_on_an_ordinary_flux():
    weights = (None, None, None, None, None, [3072, 128])
    patch = (1.0, SimpleNamespace(weights=weights), 1.0, None, None)
    flux = model(
        "Flux",
        channels=16,
        patches={"diffusion_model.img_in.weight": [patch]},
        image_model="flux",
        hidden_size=3072,
        in_channels=16,
    )
    facts = model_facts(flux)
    assert (facts.concat_channels, facts.by_lora) == (16, True)


def test_a_timestep_shift_set_by_the_person_is_seen():
    assert model_facts(model("QwenImage", objects={"model_sampling": object()})).shifted


def test_a_model_of_another_loader_gives_fewer_facts_but_no_error():
    facts = model_facts(SimpleNamespace())
    assert facts.name == "SimpleNamespace"
    assert facts.width is None


def test_facts_of_control_nets_are_read_from_class_and_weights():
    unet = control_facts(sd15_control())
    assert (unet.kind, unet.width, unet.union_types, unet.needs_vae) == ("unet", 768, 0, False)
    weights = {"pos_embed_input.weight": (3072, 64)}
    flux = network("ldm.flux.controlnet", "ControlNetFlux", weights, num_union_modes=7)
    facts = control_facts(control(flux, latent_format=object()))
    assert (facts.kind, facts.width, facts.union_types, facts.needs_vae) == ("flux", 3072, 7, True)
    lora = SimpleNamespace(
        control_weights={
            "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": torch.empty(8, 2048)
        }
    )
    assert (control_facts(lora).kind, control_facts(lora).width) == ("control-lora", 2048)
    adapter = SimpleNamespace(t2i_model=type("Adapter", (), {"xl": True})())
    assert (control_facts(adapter).kind, control_facts(adapter).width) == ("t2i", 2048)
    small = SimpleNamespace(t2i_model=type("Adapter_light", (), {"xl": False})())
    assert control_facts(small).width == 768
    assert control_facts(control(object())).kind == "unknown"


def test_facts_of_patches_and_vaes():
    patch = SimpleNamespace(model=type("ZImage_Control", (), {})())
    assert patch_facts(patch).kind == "z-image"
    assert patch_facts(object()).kind == "unknown"
    assert vae_facts(SimpleNamespace(latent_channels=16, latent_dim=3)).latent_dimensions == 3


def generate(**options):
    arguments = {"model": sd15(), "vae": VAE, "depth": DEPTH, "prompt": "a room", "seed": 3}
    return GenVRDepthGenerateLocal().generate(
        **(arguments | {"clip": "clip", "control_net": sd15_control()} | options)
    )


def test_node_expands_into_core_nodes_with_the_connected_objects(graph):
    answer = generate(steps=2, sampler="euler")
    assert answer["expand"] == graph.finalize()
    image, latent, report = answer["result"]
    assert image == ["image", 0]
    assert latent == ["sampler", 0]
    assert "Stable Diffusion 1.5" in report
    sampler = graph.find("KSampler").inputs
    assert (sampler["steps"], sampler["sampler_name"], sampler["seed"]) == (2, "euler", 3)
    apply = graph.find("ControlNetApplyAdvanced").inputs
    assert apply["image"].shape == (1, 64, 64, 3)
    assert apply["image"].dtype == torch.float32
    assert apply["vae"] is VAE


def test_minus_one_and_auto_mean_the_familys_own(graph):
    generate(steps=-1, guidance=-1, strength=-1, end=-1, sampler="auto", scheduler="auto")
    sampler = graph.find("KSampler").inputs
    assert (sampler["steps"], sampler["cfg"], sampler["scheduler"]) == (25, 7.0, "karras")


def test_only_the_required_inputs_are_needed_besides_a_text_and_a_control(graph):
    answer = generate()
    assert len(answer["result"]) == 3


def test_restyle_with_mask_keeps_the_reference_outside(graph):
    reference = torch.rand(1, 128, 128, 3)
    generate(reference=reference, mask=torch.ones(1, 64, 64), denoise=0.6)
    assert graph.find("KSampler").inputs["denoise"] == 0.6
    composite = graph.find("ImageCompositeMasked").inputs
    assert composite["destination"].shape == (1, 64, 64, 3)
    assert composite["resize_source"] is False


def test_wrong_pairing_is_refused_before_anything_is_expanded(graph):
    flux = network("ldm.flux.controlnet", "ControlNetFlux", {"pos_embed_input.weight": (3072, 64)})
    with pytest.raises(PlanError, match=r"Stable Diffusion 1\.5"):
        generate(control_net=control(flux, object()))
    with pytest.raises(PlanError, match="VAE is missing"):
        generate(vae=None)
    with pytest.raises(PlanError, match="clip"):
        generate(clip=None)
    assert not graph.nodes


def test_without_comfyui_the_error_says_where_to_look():
    with pytest.raises(InvalidInput, match="genvr-depth plan"):
        generate()


def test_every_input_and_output_explains_itself():
    inputs = GenVRDepthGenerateLocal.INPUT_TYPES()
    for section in inputs.values():
        for name, (_, options) in section.items():
            assert options["tooltip"], name
    assert len(GenVRDepthGenerateLocal.OUTPUT_TOOLTIPS) == len(GenVRDepthGenerateLocal.RETURN_TYPES)


def _core_node(*required, **types):
    declared = {name: (kind, {}) for name, kind in types.items()}
    groups = {"required": {name: declared.pop(name) for name in required}, "optional": declared}
    return SimpleNamespace(INPUT_TYPES=lambda: groups)


def _patch(name):
    return SimpleNamespace(model=type(name, (), {})())


def test_an_unknown_patch_gets_the_node_its_class_names_with_start_and_end():
    novel = _core_node(
        "model", "model_patch", "image", "start_percent", "end_percent",
        model="MODEL", model_patch="MODEL_PATCH", image="IMAGE", strength="FLOAT",
        start_percent="FLOAT", end_percent="FLOAT", mask="MASK",
    )  # fmt: skip
    nodes = {"NovelLiteApply": novel, "KSampler": _core_node(model="MODEL"), "NovelText": novel}
    facts = patch_facts(_patch("NovelLite"), nodes)
    assert (facts.kind, facts.node) == ("unknown", "NovelLiteApply")
    assert facts.guessed
    connected = Connected(
        model=ModelFacts("Novel", ("Novel",), latent_channels=16),
        vae=VaeFacts(16),
        depth=Extent(512, 512),
        patch=facts,
        clip=True,
    )
    plan = make_plan(connected, Settings(start=0.1, end=0.6))
    step = next(step for step in plan.steps if step.key == "depth")
    assert step.class_type == "NovelLiteApply"
    assert step.inputs["start_percent"] == 0.1
    assert step.inputs["end_percent"] == 0.6
    assert "vae" not in step.inputs
    assert "not known" in " ".join(plan.notes)


def test_start_and_end_reach_a_known_patch_where_its_node_has_them():
    older = _core_node(
        model="MODEL", model_patch="MODEL_PATCH", vae="VAE", strength="FLOAT", image="IMAGE"
    )
    newer = _core_node(
        model="MODEL", model_patch="MODEL_PATCH", vae="VAE", strength="FLOAT", image="IMAGE",
        start_percent="FLOAT", end_percent="FLOAT",
    )  # fmt: skip
    for node, there in ((older, False), (newer, True)):
        facts = patch_facts(_patch("ZImage_Control"), {"ZImageFunControlnet": node})
        connected = Connected(
            model=next(f for f in FAMILIES if f.key == "z_image").typical,
            vae=VaeFacts(16),
            depth=Extent(512, 512),
            patch=facts,
            clip=True,
        )
        plan = make_plan(connected, Settings(start=0.2))
        step = next(step for step in plan.steps if step.key == "depth")
        assert step.class_type == "ZImageFunControlnet"
        assert ("start_percent" in step.inputs) is there
        assert ("no start and end" in " ".join(plan.notes)) is not there


def test_a_connected_patch_is_read_by_the_node(graph):
    z_image = model("ZImage", channels=16)
    parts = {"clip": object(), "model_patch": _patch("ZImage_Control")}
    vae = SimpleNamespace(latent_channels=16, latent_dim=2)
    depth = DepthMap.make(torch.rand(1, 64, 64) + 1, "metric")
    GenVRDepthGenerateLocal().generate(z_image, vae, depth, "room", 1, **parts)
    assert graph.find("ZImageFunControlnet").inputs["model_patch"] is parts["model_patch"]
