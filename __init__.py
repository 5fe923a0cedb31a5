"""GenVR Depth: a ComfyUI node pack in which depth is a typed float quantity from pixel to file."""

WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]

# pytest imports this file without a package when the clone's folder name has a hyphen.
if __package__:
    from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
