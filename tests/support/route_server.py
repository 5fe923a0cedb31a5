"""The settings panel's routes on a real aiohttp server, as ComfyUI serves them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from genvr_depth.nodes.shared import http_routes, users


def application(several_users=None):
    """several_users: (user_of request -> id or None), for `--multi-user`."""
    middlewares = []
    if several_users is not None:
        middlewares.append(web.middleware(users.noting_users(several_users)))
    app = web.Application(middlewares=middlewares)
    for route in http_routes.ROUTES:
        handler = http_routes.handler(route)
        app.router.add_route(route.method, http_routes.PREFIX + route.path, handler)

    async def view(request):
        # ComfyUI serves images and pages by way of these threads.
        return web.Response(text=await asyncio.to_thread(lambda: "an image"))

    app.router.add_get("/view", view)
    return app


@asynccontextmanager
async def serving(app):
    """A client of the application."""
    async with TestClient(TestServer(app)) as client:
        yield client


async def answer(client, method, path, body=None, headers=None, data=None):
    """SimpleNamespace(status, body, text) of one request to a route."""
    more = {"json": body} if data is None else {"data": data}
    async with client.request(method, http_routes.PREFIX + path, headers=headers, **more) as reply:
        text = await reply.text()
        is_json = reply.content_type == "application/json"
        return SimpleNamespace(
            status=reply.status, text=text, body=await reply.json() if is_json else None
        )
