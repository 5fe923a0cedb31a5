"""Hands on the viewer: shift, pinch, full screen, reset, and the offer of a better model."""

from __future__ import annotations

import pytest

PICTURE = "(viewer) => viewer.querySelector('canvas').toDataURL()"


@pytest.fixture
def turned(page, canvas):
    """A sample scene in 3D, at rest in its first view."""
    source = canvas.add("GenVRDepthSampleScene", 60, 120)
    target = canvas.add("GenVRDepthPreview", 520, 120)
    canvas.link(source, 1, target, "depth")
    canvas.link(source, 0, target, "image")
    assert canvas.run()["name"] == "execution_success"
    viewer = canvas.viewer(1)
    viewer.locator(".genvr-3d").click()
    viewer.locator(".genvr-stage").focus()
    page.keyboard.press("0")
    page.wait_for_timeout(1000)
    return viewer


def _look(page, viewer):
    page.wait_for_timeout(700)
    return viewer.evaluate(PICTURE)


def _middle(viewer):
    box = viewer.locator("canvas").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _drag(page, viewer, button):
    x, y = _middle(viewer)
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    page.mouse.move(x + 50, y + 20, steps=4)
    page.mouse.up(button=button)


def test_the_right_button_and_shift_move_it_sideways_and_reset_brings_it_back(page, turned):
    home = _look(page, turned)
    _drag(page, turned, "right")
    moved = _look(page, turned)
    turned.locator(".genvr-reset").click()
    assert _look(page, turned) == home != moved
    page.keyboard.down("Shift")
    _drag(page, turned, "left")
    page.keyboard.up("Shift")
    assert _look(page, turned) == moved
    turned.locator(".genvr-stage").focus()
    page.keyboard.press("Home")
    assert _look(page, turned) == home
    assert page.evaluate("() => app.canvas.ds.offset.map(Math.round)") == [0, 0]


def test_one_finger_turns_it_and_two_pinch_it(page, turned):
    x, y = _middle(turned)
    hand = page.context.new_cdp_session(page)

    def touch(kind, *points):
        fingers = [{"x": x + dx, "y": y + dy, "id": i} for i, (dx, dy) in enumerate(points)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    looks = [_look(page, turned)]
    touch("touchStart", (0, 0))
    touch("touchMove", (40, 10))
    touch("touchEnd")
    looks.append(_look(page, turned))
    touch("touchStart", (-20, 0), (20, 0))
    touch("touchMove", (-50, 0), (50, 0))
    touch("touchEnd")
    looks.append(_look(page, turned))
    assert len(set(looks)) == 3
    assert page.evaluate("() => app.canvas.ds.scale") == 1  # the page did not zoom with it


def test_the_viewer_fills_the_screen_and_comes_back(page, turned):
    small = turned.bounding_box()["width"]
    turned.locator(".genvr-full").click()
    page.wait_for_function("() => document.fullscreenElement?.matches('.genvr-viewer')")
    page.wait_for_timeout(500)
    assert turned.bounding_box()["width"] > 2 * small
    turned.locator(".genvr-full").click()
    page.wait_for_function("() => !document.fullscreenElement")
    page.wait_for_timeout(500)
    assert turned.bounding_box()["width"] == pytest.approx(small, abs=2)


def test_the_offered_model_is_added_and_wired_by_its_button(page, canvas):
    source = canvas.add("GenVRDepthSampleScene", 440, 60)
    depth = canvas.add("GenVRDepthEstimate", 840, 60)
    target = canvas.add("GenVRDepthPreview", 1240, 60)
    canvas.link(source, 0, depth, "image")
    canvas.link(depth, 0, target, "depth")
    assert canvas.run()["name"] == "execution_success"
    offer = canvas.viewer(1).locator(".genvr-offer")
    assert "99 MB" in offer.inner_text()
    offer.get_by_role("button").click()
    page.wait_for_timeout(300)
    sent = page.evaluate("async () => (await app.graphToPrompt()).output")
    link, _ = sent[str(depth)]["inputs"]["model"]
    assert sent[link]["class_type"] == "GenVRDepthModelLoader"
    assert sent[link]["inputs"]["model"] == "depth-anything-v2-small"
    assert sent[link]["inputs"]["download"] == "if missing"
    assert not offer.is_visible()
    assert page.evaluate("() => app.graph.nodes.length") == 4
