"""The page's files and the templates in a folder whose name ComfyUI cannot serve.

ComfyUI registers the address of a folder percent-encoded and looks requests up decoded: under a
name with a space, a bracket or a letter outside ASCII every file is 404.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from . import host

__all__ = ["is_servable", "register"]

PACK = Path(__file__).parents[2]
# What a path of an address may hold as it is.
_PLAIN = re.compile(r"[A-Za-z0-9!$&'()*+,\-.:;=@_~]+")
# The page asks for a help page without encoding the name: these end the path there.
_ENDS_A_PATH = re.compile(r"[#?%]")
# Address -> folder of the pack. ComfyUI puts /api before what the templates' page asks for.
_SERVED = {"/extensions": "web", "/workflow_templates": "workflows"}
_LOG = logging.getLogger("genvr_depth")


def is_servable(name: str) -> bool:
    """Whether ComfyUI serves the page's files of a pack in a folder of that name."""
    return _PLAIN.fullmatch(name) is not None


def register() -> None:
    """Serve them ourselves where ComfyUI would not; says what stays missing."""
    if is_servable(PACK.name):
        return
    for address, part in _SERVED.items():
        host.current().add_route("GET", address + "/{folder}/{file:.+}", _handler(PACK / part))
    if _ENDS_A_PATH.search(PACK.name):
        _LOG.warning(
            "The help pages of GenVR Depth cannot be shown, because its folder is called %r. "
            "Rename it to genvr-depth and restart ComfyUI.",
            PACK.name,
        )


def _handler(root: Path) -> Callable[[Any], Awaitable[object]]:
    """Only reached for what no pack's own registration matches."""

    async def handle(request: Any) -> object:
        from ..depthkit.connections import web_server

        web = web_server()
        file = (root / request.match_info["file"]).resolve()
        ours = request.match_info["folder"] == PACK.name
        if not ours or not file.is_relative_to(root.resolve()) or not file.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(file)

    return handle
