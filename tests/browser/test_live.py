"""What happens while the page is open: incidents, a lost server, a lost context."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from dashboard.widgets.numbers import write_number
from geo_data import queries
from geo_data.ingest import IncidentReport, Reading, StageReport, apply
from geo_data.records import Scope, Severity, Stage
from geo_data.store import Store
from tests.browser.probes import CONTEXTS, INCIDENTS, LAYERS, SETTLED, VIEW
from tests.serving import Served

pytestmark = pytest.mark.browser
EVERYONE = Scope.everything()


def report(store: Store, title: str, lon: float, lat: float) -> None:
    at = datetime.now(UTC)
    incident = IncidentReport(
        source="test",
        source_id=title,
        code=title,
        title=title,
        channel="hotline",
        category="0102",
        severity=Severity.MAJOR,
        happened_at=at - timedelta(minutes=2),
        reported_at=at,
        lon=lon,
        lat=lat,
        region_code=None,
        place_code=None,
        address=None,
        stages=(StageReport("test", title, Stage.FOUND, at, None, None),),
    )
    outcome = apply(store, [incident], at)
    assert not outcome.refused


def test_a_new_incident_appears_everywhere_and_disturbs_nothing(
    desk: Callable[..., Page], demo_store: Store
) -> None:
    page = desk()
    tree = queries.region_tree(demo_store, EVERYONE)
    town = tree.children(tree.root.code)[0]
    before = page.evaluate(f"() => [{INCIDENTS}, {VIEW}]")
    address = page.url
    title = f"路灯倒伏 {datetime.now(UTC):%H%M%S%f}"
    report(demo_store, title, town.lon, town.lat)
    expect(page.locator(".entry", has_text=title)).to_be_visible()
    after = page.evaluate(f"() => [{INCIDENTS}, {VIEW}]")
    assert after[0] == before[0] + 1
    assert after[1] == before[1]
    assert page.url == address


def test_a_stage_change_is_seen_in_the_open_card(
    desk: Callable[..., Page], demo_store: Store
) -> None:
    tree = queries.region_tree(demo_store, EVERYONE)
    town = tree.children(tree.root.code)[1]
    title = f"井盖缺失 {datetime.now(UTC):%H%M%S%f}"
    report(demo_store, title, town.lon, town.lat)
    hit = next(hit for hit in queries.search(demo_store, EVERYONE, title) if hit.kind == "incident")
    page = desk(f"?object=incident:{hit.code}")
    expect(page.locator(".stages li")).to_have_count(1)
    now = datetime.now(UTC)
    apply(demo_store, [StageReport("test", title, Stage.ACCEPTED, now, "城运中心", None)], now)
    expect(page.locator(".stages li")).to_have_count(2)


def test_a_reading_changes_the_sensor_on_screen(
    desk: Callable[..., Page], demo_store: Store
) -> None:
    now = datetime.now(UTC)
    sensor = queries.sensors(demo_store, EVERYONE, None, now)[0]
    page = desk(f"?object=sensor:{sensor.code}")
    value = (sensor.value or 1.0) * 1.01
    apply(demo_store, [Reading(sensor.code, value, datetime.now(UTC))], datetime.now(UTC))

    expect(page.locator(".headline .digits")).to_have_text(write_number(value))


def test_server_lost_and_found(desk: Callable[..., Page], served: Served) -> None:
    page = desk()
    before = page.locator(".vital .digits").all_inner_texts()
    served.stop()
    expect(page.locator(".notice.lost")).to_be_visible()
    assert page.locator(".vital .digits").all_inner_texts() == before
    title = f"停机期间 {datetime.now(UTC):%H%M%S%f}"
    tree = queries.region_tree(served.store, EVERYONE)
    report(served.store, title, tree.root.lon, tree.root.lat)
    served.start()
    expect(page.locator(".notice.lost")).to_be_hidden()
    expect(page.locator(".entry", has_text=title)).to_be_visible()


def test_a_wall_left_open_shows_what_a_fresh_one_does(
    open_wall: Page, visit: Callable[..., Page], served: Served
) -> None:
    wall = open_wall
    served.stop()
    # Meanwhile it says that it stands still.
    expect(wall.locator(".notice.lost")).to_be_visible()
    tree = queries.region_tree(served.store, EVERYONE)
    for number, town in enumerate(tree.children(tree.root.code)[:5]):
        report(served.store, f"墙 {number} {datetime.now(UTC):%H%M%S%f}", town.lon, town.lat)
    served.start()
    expect(wall.locator(".notice.lost")).to_be_hidden()
    fresh = visit("/wall", 1920, 1080)
    for numbers in (".vital .digits", ".rank"):
        many = fresh.locator(numbers).count()
        assert many > 0
        assert wall.locator(numbers).count() == many
        # Each looks at the clock on its own, and what nobody tells of any more slowly goes down:
        # the two show the same, or one comes to show what the other has shown.
        shown: list[tuple[set[str], set[str]]] = [(set(), set()) for _ in range(many)]
        deadline = time.monotonic() + 60
        while any(not one & other for one, other in shown) and time.monotonic() < deadline:
            for number, screen in enumerate((wall, fresh)):
                for which, text in enumerate(screen.locator(numbers).all_text_contents()):
                    shown[which][number].add(text)
            wall.wait_for_timeout(200)
        assert [pair for pair in shown if not pair[0] & pair[1]] == []


def test_a_lost_context_comes_back_with_its_view(desk: Callable[..., Page]) -> None:
    page = desk("?region=310117102")
    contexts, view, layers = page.evaluate(f"() => [{CONTEXTS}, {VIEW}, {LAYERS}]")
    page.evaluate("() => window.yiping.map.debug.loseContext()")
    page.wait_for_function(f"() => {CONTEXTS} > {contexts}", timeout=60_000)
    page.wait_for_function(SETTLED, timeout=60_000, polling=250)
    assert page.evaluate(f"() => {VIEW}") == pytest.approx(view, abs=1e-6)
    assert page.evaluate(f"() => {LAYERS}") == layers
    drawn = page.evaluate("() => window.yiping.map.debug.deck.isInitialized")
    assert drawn


def test_the_wall_has_no_control_and_big_text(open_wall: Page) -> None:
    page = open_wall
    expect(page.locator(".wall-title")).to_contain_text("松江区")
    expect(page.locator(".clock-time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    assert page.locator(":is(input, button, select):visible").count() == 0
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".wall *")]
            .filter((e) => e.getClientRects().length)
            .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .map((e) => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert min(sizes) >= 24
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")


def test_the_wall_in_english(visit: Callable[..., Page]) -> None:
    page = visit("/wall?lang=en", 1920, 1080)
    assert not re.search(r"[一-鿿]", " ".join(page.locator(".vitals").all_inner_texts()))
