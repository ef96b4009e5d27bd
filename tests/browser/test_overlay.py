"""What is written over the map is written anew when it changes, and only then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.probes import SETTLED

pytestmark = pytest.mark.browser
FRAMES = """() => new Promise((resume) => {
    let left = 4;
    const next = () => (left-- ? requestAnimationFrame(next) : resume());
    next();
})"""
WRITTEN = "() => window.yiping.map.debug.overlay.frames"
CHANGE = """(n) => {
    const { map } = window.yiping;
    const { sensors } = map.debug.state;
    const other = (row) => (sensors.state[row] + 1) % 3;
    const readings = [...sensors.rows].slice(0, n).map(([fid, row]) => [fid, 1, other(row)]);
    map.merge({ cursor: 0, incidents: [], readings, layers: {} });
}"""
# What is on the canvas, and what a fresh drawing of the same moment would put there.
PICTURES = """() => {
    const { overlay, deck, state } = window.yiping.map.debug;
    const shown = overlay.canvas.toDataURL();
    overlay.expire();
    overlay.draw(deck.getViewports()[0], state.scale, state.markScale);
    return [shown, overlay.canvas.toDataURL()];
}"""
NEW_CASE = """() => {
    const { map } = window.yiping;
    const { incidents } = map.debug.state;
    const row = [...Array(incidents.length).keys()].find((i) => incidents.isOpen(i));
    map.merge({ cursor: 0, readings: [], layers: {}, incidents: [{
        id: 4000000001, lon: incidents.lon[row], lat: incidents.lat[row] + 0.001, severity: 1,
        stage: 0, overdue: false, reported_at: new Date().toISOString(), new: false,
    }] });
}"""


def settled(page: Page) -> None:
    page.wait_for_function(SETTLED, polling=250)
    page.evaluate("() => document.fonts.ready")
    page.evaluate(FRAMES)


def assert_as_drawn_anew(page: Page) -> None:
    page.evaluate(FRAMES)
    shown, anew = page.evaluate(PICTURES)
    assert shown == anew


@pytest.mark.parametrize("screen", ["open_desk", "open_wall"])
def test_a_sensor_that_changes_leaves_the_writing_alone(
    request: pytest.FixtureRequest, screen: str
) -> None:
    page: Page = request.getfixturevalue(screen)
    settled(page)
    written = []
    # A font or a document that comes meanwhile is written anew: not five times one after the other.
    while len(written) < 5 and 0 not in written:
        before = page.evaluate(WRITTEN)
        page.evaluate(CHANGE, 60)
        page.evaluate(FRAMES)
        written.append(page.evaluate(WRITTEN) - before)
    assert written[-1] == 0
    assert_as_drawn_anew(page)


def test_what_moves_the_picture_is_written_anew(desk: Callable[..., Page]) -> None:
    page = desk()
    settled(page)
    for change in (
        "() => document.querySelector('.map-nearer').click()",
        NEW_CASE,
        "() => document.querySelector('.map-tilt').click()",
    ):
        before = page.evaluate(WRITTEN)
        page.evaluate(change)
        page.wait_for_function("(n) => window.yiping.map.debug.overlay.frames > n", arg=before)
        settled(page)
        assert_as_drawn_anew(page)


def test_another_size_language_and_theme_are_written_anew(desk: Callable[..., Page]) -> None:
    page = desk()
    settled(page)
    page.set_viewport_size({"width": 1100, "height": 700})
    settled(page)
    assert_as_drawn_anew(page)
    page.evaluate("() => window.yiping.map.show('?lang=en')")
    page.wait_for_function("() => window.yiping.map.debug.spec.language === 'en'")
    settled(page)
    assert_as_drawn_anew(page)
    page.evaluate("() => window.yiping.map.setTheme('light')")
    page.wait_for_function("() => window.yiping.map.debug.spec.theme === 'light'")
    settled(page)
    assert_as_drawn_anew(page)
