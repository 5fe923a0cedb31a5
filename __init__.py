"""GenVR Depth: a ComfyUI node pack in which depth is a typed float quantity from pixel to file."""

import os
import signal
import sys

WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]


def _end_the_command(*_: object) -> None:
    os.write(2, b"genvr-depth: stopped\n")
    os._exit(130)


# The installed command loads torch here, long before it can handle Ctrl-C itself.
if os.path.basename("".join(sys.argv[:1])).startswith("genvr-depth"):
    signal.signal(signal.SIGINT, _end_the_command)

# pytest imports this file without a package when the clone's folder name has a hyphen.
if __package__:
    from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
