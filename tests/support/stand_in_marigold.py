"""Stand-ins for the nodes behind Marigold V2, under their real ids and with their real inputs.

For tests only; copied into the custom_nodes folder of a private server. ConditioningLoader and
MarigoldV2PostProcess are absent from releases before 0.36 and are declared here as they are there.
The nodes that load or run 20 GB of weights keep the inputs of the running ComfyUI, plus `sampling`,
which 0.36 added to ModelSamplingAuraFlow. "Sampling" hands on what the photo holds: the red channel
is the log depth of the first surface, the green one what lies behind it.
"""

from __future__ import annotations

from types import SimpleNamespace

import nodes as core


class QwenImage:
    unet_config = {"image_model": "qwen_image"}


class StandInQwen:
    CATEGORY, FUNCTION, RETURN_TYPES = "tests", "make", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def make(self):
        return (SimpleNamespace(model=SimpleNamespace(model_config=QwenImage())),)


def replaced(node_id, answer, outputs, **extra):
    """A class with the declared inputs of the running release, plus `extra`, that calls `answer`
    with exactly those that a caller may set."""
    original = core.NODE_CLASS_MAPPINGS[node_id]
    declared = original.INPUT_TYPES()
    known = {**declared.get("required", {}), **declared.get("optional", {}), **extra}

    def run(self, **inputs):
        assert set(inputs) <= set(known), (node_id, set(inputs) - set(known))
        missing = set(declared.get("required", {})) - set(inputs)
        assert not missing, (node_id, missing)
        return (answer(**inputs),)

    groups = {**declared, "optional": {**declared.get("optional", {}), **extra}}
    return type(
        f"StandIn{node_id}",
        (),
        {
            "CATEGORY": "tests",
            "FUNCTION": "run",
            "RETURN_TYPES": outputs,
            "INPUT_TYPES": classmethod(lambda cls: groups),
            "run": run,
        },
    )


def lora(model, lora_name, strength_model):
    assert strength_model == 1.0
    return SimpleNamespace(lora=lora_name)


def sampling(model, shift, sampling):
    assert (shift, sampling) == (1.73, "img_to_img_velocity")
    return model


def guider(model, conditioning):
    assert conditioning == "marigold_v2_depth_conditioning.safetensors"
    return model


def sampled(noise, guider, sampler, sigmas, latent_image):
    assert sigmas.tolist() == [0.5, 0.0]
    pixels = latent_image["samples"]
    assert pixels.shape[1] % 16 == pixels.shape[2] % 16 == 0
    channel = 1 if "layered" in guider.lora else 0
    return {"samples": pixels[..., channel : channel + 1].repeat(1, 1, 1, 3)}


class ConditioningLoader:
    CATEGORY, FUNCTION, RETURN_TYPES = "tests", "make", ("CONDITIONING",)

    @classmethod
    def INPUT_TYPES(cls):
        import folder_paths

        return {"required": {"conditioning_name": (folder_paths.get_filename_list("embeddings"),)}}

    def make(self, conditioning_name):
        return (conditioning_name,)


class MarigoldV2PostProcess:
    CATEGORY, FUNCTION, RETURN_TYPES = "tests", "make", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        kinds = ["depth", "disparity", "normals", "albedo"]
        return {"required": {"image": ("IMAGE",), "prediction": (kinds,)}}

    def make(self, image, prediction):
        assert prediction == "depth"
        grey = image.mean(-1, keepdim=True)
        low, high = grey.amin((1, 2, 3), True), grey.amax((1, 2, 3), True)
        return (((high - grey) / (high - low)).repeat(1, 1, 1, 3),)


def decode(vae, samples):
    return samples["samples"]


STAND_INS = {
    "LoraLoaderModelOnly": replaced("LoraLoaderModelOnly", lora, ("MODEL",)),
    "ModelSamplingAuraFlow": replaced(
        "ModelSamplingAuraFlow", sampling, ("MODEL",), sampling=(["flow", "img_to_img_velocity"],)
    ),
    "VAELoader": replaced("VAELoader", lambda vae_name: vae_name, ("VAE",)),
    "VAEEncode": replaced("VAEEncode", lambda pixels, vae: {"samples": pixels}, ("LATENT",)),
    "VAEDecode": replaced("VAEDecode", decode, ("IMAGE",)),
    "BasicGuider": replaced("BasicGuider", guider, ("GUIDER",)),
    "SamplerCustomAdvanced": replaced("SamplerCustomAdvanced", sampled, ("LATENT",)),
}
core.NODE_CLASS_MAPPINGS.update(STAND_INS)

NODE_CLASS_MAPPINGS = {
    "StandInQwen": StandInQwen,
    "ConditioningLoader": ConditioningLoader,
    "MarigoldV2PostProcess": MarigoldV2PostProcess,
}
