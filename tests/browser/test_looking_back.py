"""The playhead: the desk as known at a moment, which the stream does not disturb."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from geo_data import queries
from geo_data.records import Scope
from geo_data.store import Store
from tests.browser.test_live import report

EVERYONE = Scope.everything()


def moment_of(page: Page) -> datetime | None:
    said = parse_qs(urlsplit(page.url).query).get("at")
    return datetime.fromisoformat(said[0]) if said else None


def listed(page: Page) -> list[str]:
    return page.locator(".entry.incident .name").all_inner_texts()


def test_a_click_on_the_time_bar_looks_back_and_the_stream_goes_on_unseen(
    desk: Callable[..., Page], demo_store: Store
) -> None:
    page = desk()
    bars = page.locator(".bars").bounding_box()
    assert bars is not None
    page.mouse.click(bars["x"] + bars["width"] * 0.5, bars["y"] + 20)
    banner = page.locator(".notice.past")
    expect(banner).to_contain_text("回看")
    at = moment_of(page)
    assert at is not None
    assert timedelta(hours=10) < datetime.now(UTC) - at < timedelta(hours=14)
    local = at.astimezone(demo_store.city.zone)
    expect(banner).to_contain_text(f"{local:%Y-%m-%d %H:%M}")
    # Nothing the list holds was reported later, and the standing count is the one of then.
    known = queries.open_by_region(demo_store, EVERYONE, at)
    standing = sum(count.open for count in known.values())
    sign = page.locator(".vital", has=page.get_by_text("在办", exact=True)).locator(".digits")
    expect(sign).to_have_text(f"{standing:,}")
    expect(page.locator(".chip", has_text="在办").locator(".count")).to_have_text(f"{standing}")
    before = listed(page)
    tree = queries.region_tree(demo_store, EVERYONE)
    town = tree.children(tree.root.code)[2]
    title = f"回看期间 {datetime.now(UTC):%H%M%S%f}"
    heard = page.evaluate("() => window.yiping.live.cursor()")
    report(demo_store, title, town.lon, town.lat)
    page.wait_for_function("(n) => window.yiping.live.cursor() > n", arg=heard)
    page.wait_for_timeout(2500)
    assert listed(page) == before
    page.locator(".notice.past .back").click()
    expect(banner).to_have_count(0)
    assert moment_of(page) is None
    expect(page.locator(".entry", has_text=title)).to_be_visible()


def test_the_playhead_goes_by_keys(desk: Callable[..., Page]) -> None:
    page = desk()
    head = page.locator(".playhead")
    head.focus()
    page.keyboard.press("PageDown")
    expect(page).to_have_url(re.compile("at="))
    first = moment_of(page)
    expect(page.locator(".notice.past")).to_be_visible()
    stood = page.url
    page.keyboard.press("ArrowLeft")
    expect(page).not_to_have_url(stood)
    second = moment_of(page)
    assert first is not None
    assert second is not None
    assert second < first
    page.keyboard.press("End")
    expect(page.locator(".notice.past")).to_have_count(0)
    assert moment_of(page) is None


def test_a_moment_to_come_is_the_present(desk: Callable[..., Page]) -> None:
    page = desk("?at=2999-01-01T00:00:00Z")
    expect(page.locator(".notices .said .notice")).to_have_text("所选时刻尚未到来；已显示现在。")
    expect(page.locator(".notice.past")).to_have_count(0)
