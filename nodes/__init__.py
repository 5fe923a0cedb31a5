"""Thin node classes in one explicit table with literal ids, where static scanners find them."""

from __future__ import annotations

from .adjust.adjust_depth import GenVRDepthAdjust
from .adjust.camera_move import GenVRDepthCameraMove
from .adjust.check_depth import GenVRDepthCheck
from .adjust.depth_to_normals import GenVRDepthNormals
from .adjust.depth_to_stereo import GenVRDepthStereo
from .adjust.image_conversions import GenVRDepthFromImage, GenVRDepthToImage
from .adjust.merge_depth import GenVRDepthMerge
from .adjust.preview_depth import GenVRDepthPreview
from .adjust.refine_edges import GenVRDepthRefine
from .adjust.split_layers import GenVRDepthLayers
from .estimate.complete_depth import GenVRDepthComplete
from .estimate.depth_from_geometry import GenVRDepthFromGeometry
from .estimate.depth_through_glass import GenVRDepthThroughGlass
from .estimate.estimate_depth import GenVRDepthEstimate
from .estimate.estimate_remote import GenVRDepthEstimateRemote
from .estimate.load_depth import GenVRDepthLoad
from .estimate.load_model import GenVRDepthModelLoader
from .estimate.sample_scene import GenVRDepthSampleScene
from .generate.generate_local import GenVRDepthGenerateLocal
from .generate.generate_remote import (
    GenVRDepthGenerateCanny,
    GenVRDepthGenerateRemote,
    GenVRDepthGenerateScribble,
)
from .generate.generate_video import GenVRDepthGenerateVideo
from .generate.prompt_variations import GenVRDepthPromptVariations
from .generate.structure_score import GenVRDepthKeepBest, GenVRDepthStructureScore
from .save.depth_to_mesh import GenVRDepthToMesh
from .save.save_3d import GenVRDepthSave3D
from .save.save_depth import GenVRDepthSaveDepth
from .save.save_image import GenVRDepthSaveImage
from .shared import file_previews, host, http_routes, web_folder

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

NODE_CLASS_MAPPINGS: dict[str, type] = {
    "GenVRDepthModelLoader": GenVRDepthModelLoader,
    "GenVRDepthEstimate": GenVRDepthEstimate,
    "GenVRDepthSampleScene": GenVRDepthSampleScene,
    "GenVRDepthEstimateRemote": GenVRDepthEstimateRemote,
    "GenVRDepthFromGeometry": GenVRDepthFromGeometry,
    "GenVRDepthComplete": GenVRDepthComplete,
    "GenVRDepthThroughGlass": GenVRDepthThroughGlass,
    "GenVRDepthFromImage": GenVRDepthFromImage,
    "GenVRDepthAdjust": GenVRDepthAdjust,
    "GenVRDepthRefine": GenVRDepthRefine,
    "GenVRDepthMerge": GenVRDepthMerge,
    "GenVRDepthLayers": GenVRDepthLayers,
    "GenVRDepthCheck": GenVRDepthCheck,
    "GenVRDepthStereo": GenVRDepthStereo,
    "GenVRDepthCameraMove": GenVRDepthCameraMove,
    "GenVRDepthToImage": GenVRDepthToImage,
    "GenVRDepthGenerateLocal": GenVRDepthGenerateLocal,
    "GenVRDepthGenerateVideo": GenVRDepthGenerateVideo,
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
    "GenVRDepthEstimate": "Depth Estimation",
    "GenVRDepthSampleScene": "Sample Scene",
    "GenVRDepthEstimateRemote": "Depth Estimation (GenVR)",
    "GenVRDepthFromGeometry": "Depth from Geometry (DA3 / MoGe)",
    "GenVRDepthComplete": "Complete Depth",
    "GenVRDepthThroughGlass": "Depth through Glass",
    "GenVRDepthFromImage": "Image to Depth",
    "GenVRDepthAdjust": "Adjust Depth",
    "GenVRDepthRefine": "Refine Depth Edges",
    "GenVRDepthMerge": "Merge Depth",
    "GenVRDepthLayers": "Split Depth Layers",
    "GenVRDepthCheck": "Check Depth",
    "GenVRDepthStereo": "Depth to Stereo Image",
    "GenVRDepthCameraMove": "Depth to Camera Move",
    "GenVRDepthToImage": "Depth to Control Image",
    "GenVRDepthGenerateLocal": "Generate from Depth (Local)",
    "GenVRDepthGenerateVideo": "Generate Video from Depth (Local)",
    "GenVRDepthGenerateRemote": "Generate from Depth (GenVR)",
    "GenVRDepthGenerateCanny": "Generate from Edges (GenVR)",
    "GenVRDepthGenerateScribble": "Generate from Scribble (GenVR)",
    "GenVRDepthPromptVariations": "Prompt Variations",
    "GenVRDepthPreview": "Preview Depth",
    "GenVRDepthStructureScore": "Structure Score",
    "GenVRDepthKeepBest": "Keep Best Structure",
    "GenVRDepthSaveDepth": "Save Depth",
    "GenVRDepthSaveImage": "Save Image (Any Format)",
    "GenVRDepthNormals": "Depth to Surface Normals",
    "GenVRDepthSave3D": "Save Depth 3D",
    "GenVRDepthToMesh": "Depth to Mesh",
    "GenVRDepthLoad": "Load Depth",
}

host.register()
http_routes.register()
web_folder.register()
file_previews.register()
