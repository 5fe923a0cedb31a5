"""The GenVR account in the page: set, test and remove a key that is then nowhere to be found."""

from __future__ import annotations

import json
import re

import pytest
from fake_genvr import Fault


@pytest.fixture
def panel(page, server):
    _forget(server)
    page.evaluate("() => app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
    page.get_by_text("GenVR Depth", exact=True).first.click()
    panel = page.locator(".genvr-account").filter(has=page.locator(".genvr-key"))
    panel.wait_for(timeout=15_000)
    # Its texts come with the server's answer, a moment after the panel itself.
    panel.locator(".genvr-total:not(:empty)").wait_for(timeout=15_000)
    yield panel
    _forget(server)


def _forget(server):
    profiles = server.get("/genvr_depth/profiles")["profiles"]
    if profiles[0]["state"] == "set by file":
        server.request("DELETE", "/genvr_depth/profiles/default")


def _save(panel, key, uid):
    panel.locator(".genvr-uid").fill(uid)
    panel.locator(".genvr-key").fill(key)
    panel.locator(".genvr-save").click()
    panel.locator(".genvr-message[data-tone=ok]").wait_for(timeout=10_000)


def test_a_key_is_set_tested_and_removed(panel, keys):
    state, message = panel.locator(".genvr-state"), panel.locator(".genvr-message")
    assert state.inner_text().startswith("No key set")
    _save(panel, *keys)
    assert state.inner_text() == "Key set"
    panel.locator(".genvr-test").click()
    message.filter(has_text="The key works").wait_for(timeout=15_000)
    panel.locator(".genvr-remove").click()
    message.filter(has_text="removed").wait_for(timeout=10_000)
    assert state.inner_text().startswith("No key set")


def test_the_panel_says_what_was_spent_and_where_a_key_comes_from(panel):
    assert re.search(r"Spent so far: \d+ credits", panel.locator(".genvr-total").inner_text())
    link = panel.get_by_role("link", name="Where to get a key")
    assert link.get_attribute("href").startswith("https://")
    assert "noopener" in link.get_attribute("rel")


def test_a_key_of_the_environment_is_named_and_cannot_be_removed_here(panel, page):
    answer = {"profiles": [{"name": "studio", "state": "set by environment", "needs": []}]}
    page.route("**/genvr_depth/profiles", lambda route: route.fulfill(json=answer))
    panel.locator(".genvr-profile").fill("studio")
    # Saving asks for the profiles anew; the key itself must not reach the real server.
    page.route("**/genvr_depth/profiles/studio", lambda route: route.fulfill(json={}))
    _save(panel, "canary-of-the-environment", "someone")
    assert panel.locator(".genvr-state").inner_text() == "Key set by the environment"
    assert panel.locator(".genvr-remove").is_disabled()
    page.unroute("**/genvr_depth/profiles/studio")
    page.unroute("**/genvr_depth/profiles")
    panel.locator(".genvr-profile").fill("default")


def test_a_wrong_key_is_told_apart(panel, keys):
    _save(panel, "not-the-key-at-all", keys[1])
    panel.locator(".genvr-test").click()
    panel.locator(".genvr-message[data-tone=error]").wait_for(timeout=20_000)


def test_half_a_key_is_refused_in_the_page(panel, keys, genvr):
    panel.locator(".genvr-key").fill(keys[0])
    panel.locator(".genvr-save").click()
    assert "both" in panel.locator(".genvr-message[data-tone=error]").inner_text()
    assert panel.locator(".genvr-key").input_value() == ""


def test_the_key_is_nowhere_in_the_page_the_settings_or_the_storage(panel, keys, page, server):
    _save(panel, *keys)
    seen = page.evaluate(
        """async () => JSON.stringify([
            document.documentElement.outerHTML,
            [...document.querySelectorAll("input")].map((input) => input.value),
            Object.entries(localStorage), Object.entries(sessionStorage), document.cookie,
            await (await fetch("/settings")).text(),
            await (await fetch("/genvr_depth/profiles")).text(),
            await app.graphToPrompt(),
        ])"""
    )
    stored = (server.base / "user" / "default" / "comfy.settings.json").read_text()
    for secret in keys:
        assert secret not in seen
        assert secret not in stored
        assert secret not in server.log()


def test_the_defaults_are_kept_by_the_server(panel, page, server):
    field = page.locator(".genvr-default-spending_cap")
    field.fill("35")
    field.blur()
    page.wait_for_timeout(600)
    assert server.get("/genvr_depth/defaults")["spending_cap"] == 35
    assert "35" not in json.dumps(server.get("/settings").get("GenVRDepth.Service.SpendingCap"))
    server.request("PUT", "/genvr_depth/defaults", {"spending_cap": 100})


def test_the_badge_follows_the_widgets(page, canvas):
    node = canvas.add("GenVRDepthGenerateRemote", 560, 120)
    badge = page.locator(".genvr-cost b")
    badge.filter(has_text="1 × 5 = 5 credits").wait_for(timeout=10_000)
    _set(page, node, "prompts", "one per line")
    _set(page, node, "prompt", "\n".join(f"style {n}" for n in range(12)))
    badge.filter(has_text="12 × 5 = 60 credits").wait_for(timeout=10_000)
    _set(page, node, "count", 2)
    badge.filter(has_text="24 × 5 = 120 credits").wait_for(timeout=10_000)
    source = canvas.add("GenVRDepthPromptVariations", 100, 120)
    canvas.link(source, 0, node, "prompt")
    _set(page, node, "count", 1)
    badge.filter(has_text="12 × 5 = 60 credits").wait_for(timeout=10_000)
    _set(page, source, "limit", 3)
    badge.filter(has_text="3 × 5 = 15 credits").wait_for(timeout=10_000)


@pytest.mark.parametrize("kind", ["GenVRDepthGenerateRemote", "GenVRDepthEstimateRemote"])
def test_the_badge_lies_inside_its_node(page, canvas, kind):
    node = canvas.add(kind, 560, 120)
    badge = page.locator(".genvr-cost")
    badge.wait_for(timeout=10_000)
    page.wait_for_timeout(500)
    box = badge.bounding_box()
    left, top, right, bottom = page.evaluate(
        """(id) => {
            const element = document.querySelector(`[data-node-id="${id}"]`);
            if (LiteGraph.vueNodesMode && element) {
                const { left, top, right, bottom } = element.getBoundingClientRect();
                return [left, top, right, bottom];
            }
            const { pos, size } = app.graph.getNodeById(id);
            const { left, top } = app.canvas.canvas.getBoundingClientRect();
            return [left + pos[0], top + pos[1],
                left + pos[0] + size[0], top + pos[1] + size[1]];
        }""",
        node,
    )
    assert left <= box["x"]
    assert box["x"] + box["width"] <= right
    assert top <= box["y"]
    assert box["y"] + box["height"] <= bottom


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [
        (402, "Insufficient credits", "credits"),
        (200, "Request Moderated", "safety_tolerance"),
    ],
)
def test_an_error_of_the_service_is_shown_on_its_node_with_its_remedy(
    page, canvas, server, genvr, keys, status, said, remedy
):
    server.request("PUT", "/genvr_depth/profiles/default", {"key": keys[0], "uid": keys[1]})
    genvr.faults["generate"].append(Fault(status=status, body={"success": False, "message": said}))
    source = canvas.add("GenVRDepthSampleScene", 100, 120)
    node = canvas.add("GenVRDepthGenerateRemote", 560, 120, prompt=f"a castle {said} {id(page)}")
    save = canvas.add("PreviewImage", 1060, 120)
    canvas.link(source, 0, node, "image")
    canvas.link(node, 0, save, "images")
    assert canvas.run()["name"] == "execution_error"
    badge = page.locator(".genvr-cost[data-state=error]")
    badge.wait_for(timeout=10_000)
    assert remedy in badge.inner_text().lower()
    assert genvr.charges == []
    _forget(server)
    page.errors.clear()  # ComfyUI itself reports a failed run on the console


def _set(page, node, name, value):
    """As if typed: the value and the widget's callback."""
    page.evaluate(
        """([id, name, value]) => {
            const node = app.graph.getNodeById(id);
            const widget = node.widgets.find((widget) => widget.name === name);
            widget.value = value;
            widget.callback?.(value, app.canvas, node);
        }""",
        [node, name, value],
    )
