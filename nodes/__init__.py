"""Thin node classes. One explicit table, literal ids: static scanners and people find them here."""

from __future__ import annotations

from . import host, routes
from .adjust import GenVRDepthAdjust
from .check import GenVRDepthCheck
from .convert import GenVRDepthFromImage, GenVRDepthToImage
from .estimate import GenVRDepthEstimate
from .estimate_remote import GenVRDepthEstimateRemote
from .generate_local import GenVRDepthGenerateLocal
from .generate_remote import (
    GenVRDepthGenerateCanny,
    GenVRDepthGenerateRemote,
    GenVRDepthGenerateScribble,
)
from .geometry_in import GenVRDepthFromGeometry
from .layers import GenVRDepthLayers
from .load_depth import GenVRDepthLoad
from .mesh import GenVRDepthToMesh
from .models import GenVRDepthModelLoader
from .normals import GenVRDepthNormals
from .preview import GenVRDepthPreview
from .prompt_variations import GenVRDepthPromptVariations
from .refine import GenVRDepthRefine
from .sample_scene import GenVRDepthSampleScene
from .save_3d import GenVRDepthSave3D
from .save_depth import GenVRDepthSaveDepth
from .save_image import GenVRDepthSaveImage
from .stereo import GenVRDepthStereo
from .structure import GenVRDepthKeepBest, GenVRDepthStructureScore

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

NODE_CLASS_MAPPINGS: dict[str, type] = {
    "GenVRDepthModelLoader": GenVRDepthModelLoader,
    "GenVRDepthEstimate": GenVRDepthEstimate,
    "GenVRDepthSampleScene": GenVRDepthSampleScene,
    "GenVRDepthEstimateRemote": GenVRDepthEstimateRemote,
    "GenVRDepthFromGeometry": GenVRDepthFromGeometry,
    "GenVRDepthFromImage": GenVRDepthFromImage,
    "GenVRDepthAdjust": GenVRDepthAdjust,
    "GenVRDepthRefine": GenVRDepthRefine,
    "GenVRDepthLayers": GenVRDepthLayers,
    "GenVRDepthCheck": GenVRDepthCheck,
    "GenVRDepthStereo": GenVRDepthStereo,
    "GenVRDepthToImage": GenVRDepthToImage,
    "GenVRDepthGenerateLocal": GenVRDepthGenerateLocal,
    "GenVRDepthGenerateRemote": GenVRDepthGenerateRemote,
    "GenVRDepthGenerateCanny": GenVRDepthGenerateCanny,
    "GenVRDepthGenerateScribble": GenVRDepthGenerateScribble,
    "GenVRDepthPromptVariations": GenVRDepthPromptVariations,
    "GenVRDepthPreview": GenVRDepthPreview,
    "GenVRDepthStructureScore": GenVRDepthStructureScore,
    "GenVRDepthKeepBest": GenVRDepthKeepBest,
    "GenVRDepthSaveDepth": GenVRDepthSaveDepth,
    "GenVRDepthSaveImage": GenVRDepthSaveImage,
    "GenVRDepthNormals": GenVRDepthNormals,
    "GenVRDepthSave3D": GenVRDepthSave3D,
    "GenVRDepthToMesh": GenVRDepthToMesh,
    "GenVRDepthLoad": GenVRDepthLoad,
}

NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {
    "GenVRDepthModelLoader": "Load Depth Model",
    "GenVRDepthEstimate": "Estimate Depth",
    "GenVRDepthSampleScene": "Sample Scene",
    "GenVRDepthEstimateRemote": "Estimate Depth (GenVR)",
    "GenVRDepthFromGeometry": "Depth from Geometry (DA3 / MoGe)",
    "GenVRDepthFromImage": "Image to Depth",
    "GenVRDepthAdjust": "Adjust Depth",
    "GenVRDepthRefine": "Refine Depth Edges",
    "GenVRDepthLayers": "Split Depth Layers",
    "GenVRDepthCheck": "Check Depth",
    "GenVRDepthStereo": "Depth to Stereo",
    "GenVRDepthToImage": "Depth to Image",
    "GenVRDepthGenerateLocal": "Generate from Depth (Local)",
    "GenVRDepthGenerateRemote": "Generate from Depth (GenVR)",
    "GenVRDepthGenerateCanny": "Generate from Edges (GenVR)",
    "GenVRDepthGenerateScribble": "Generate from Scribble (GenVR)",
    "GenVRDepthPromptVariations": "Prompt Variations",
    "GenVRDepthPreview": "Preview Depth",
    "GenVRDepthStructureScore": "Structure Score",
    "GenVRDepthKeepBest": "Keep Best Structure",
    "GenVRDepthSaveDepth": "Save Depth",
    "GenVRDepthSaveImage": "Save Image (Any Format)",
    "GenVRDepthNormals": "Depth to Normals",
    "GenVRDepthSave3D": "Save Depth 3D",
    "GenVRDepthToMesh": "Depth to Mesh",
    "GenVRDepthLoad": "Load Depth",
}

host.register()
routes.register()
