"""The page of vital signs before a browser without scripts: it fits, and it leads on by links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visitor
from tests.serving import Served

Open = Callable[..., Page]
CARDS = ("/indicators/on-time-rate", "/indicators/reported-incidents?rows=0")


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Open]:
    """Open an address without a map, scripts switched off; nothing may have gone elsewhere."""
    contexts, visitors = [], []

    def open_it(address: str, width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=False
        )
        # The first page of a server reads a year of counts, on a busy machine.
        context.set_default_timeout(180_000)
        visitor = Visitor(context.new_page(), urlsplit(served.url).netloc)
        contexts.append(context)
        visitors.append(visitor)
        visitor.page.goto(served.url + address)
        return visitor.page

    yield open_it
    for context in contexts:
        context.close()
    assert [url for visitor in visitors for url in visitor.elsewhere] == []


def overflowing(page: Page) -> tuple[float, float]:
    """How wide the page is, and what is drawn of it."""
    box = page.locator("article").bounding_box()
    assert box is not None
    assert page.viewport_size is not None
    return box["x"] + box["width"], page.viewport_size["width"]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (1920, 1080), (6656, 1792)])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_nothing_is_wider_than_the_screen(
    open_page: Open, width: int, height: int, language: str
) -> None:
    for path in ("/indicators?versus=310117102&", "/indicators/on-time-rate?"):
        page = open_page(f"{path}lang={language}", width, height)
        right, screen = overflowing(page)
        assert right <= screen + 0.5
        # What is cut at the edge would be drawn beyond it.
        for selector in (".sign", ".rank-bar", ".month", ".share-row", ".age-row", ".versus-row"):
            for one in page.locator(selector).all()[:3]:
                box = one.bounding_box()
                assert box is None or box["x"] + box["width"] <= screen + 0.5, selector


def test_a_day_of_the_calendar_is_a_period_and_a_town_a_region(open_page: Open) -> None:
    page = open_page("/indicators?indicator=reported-incidents")
    page.locator(".month").last.locator("a").first.click()
    expect(page).to_have_url(re.compile(r"period=\d{4}-\d\d-01\.\.\d{4}-\d\d-01#calendar$"))
    expect(page.locator(".month .chosen")).to_have_count(1)
    name = page.locator(".ranking .rank-bar .name").first.inner_text()
    page.locator(".ranking .rank-bar").first.click()
    expect(page.locator(".chain a").last).to_have_text(name)
    expect(page).to_have_url(re.compile(r"region=\d{9}.*period=\d{4}"))


def test_what_is_chosen_is_in_the_address(open_page: Open) -> None:
    page = open_page("/indicators?period=this-month")
    page.locator(".ranking select").select_option("on-time-rate")
    page.locator(".ranking button").click()
    expect(page).to_have_url(re.compile("indicator=on-time-rate"))
    page.locator(".versus select").select_option("310117102")
    page.locator(".versus .pick button").click()
    expect(page).to_have_url(re.compile("(?=.*period=this-month)(?=.*versus=310117102)"))
    assert page.locator(".versus-row").count() > 30
    expect(page.locator(".ranking select")).to_have_value("on-time-rate")
