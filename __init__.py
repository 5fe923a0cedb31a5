"""GenVR Depth: a ComfyUI node pack in which depth is a typed float quantity from pixel to file."""

import os
import sys

WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]

# pytest imports this file without a package when the clone's folder name has a hyphen.
if __package__:
    try:
        from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
    except KeyboardInterrupt:
        # The installed command loads torch here, long before it can handle Ctrl-C itself.
        if not os.path.basename("".join(sys.argv[:1])).startswith("genvr-depth"):
            raise
        sys.stderr.write("genvr-depth: stopped\n")
        raise SystemExit(130) from None
