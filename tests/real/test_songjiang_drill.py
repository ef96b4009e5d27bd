"""The real district in a browser: two levels, no incidents, no sensors, and composed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from geo_data import queries
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from tests.browser.probes import SETTLED
from tests.chromium import CHROMIUM, FLAGS
from tests.serving import Served

pytestmark = [pytest.mark.real, pytest.mark.browser]
DRAWN = "() => document.documentElement.dataset.mapDrawn === '1'"
SIJING = "310117102"


@pytest.fixture(scope="module")
def served(
    songjiang: Store, tmp_path_factory: pytest.TempPathFactory, clock: Callable[[], datetime]
) -> Iterator[Served]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), simulator_rate=0)
    server = Served(songjiang, settings, clock).start()
    yield server
    server.stop()


@pytest.fixture
def page(served: Served) -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    elsewhere: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = chromium.new_page(viewport={"width": 1920, "height": 1080})
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("request", lambda request: elsewhere.append(request.url))
        yield opened
        chromium.close()
    host = urlsplit(served.url).netloc
    asked = [urlsplit(url) for url in elsewhere]
    assert [url.geturl() for url in asked if url.scheme == "http" and url.netloc != host] == []
    assert complaints == []


def shot(page: object, name: str) -> None:
    """Keep a picture to look at beside the run's other files."""
    folder = Path(__file__).parents[2] / "build" / "real"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")  # type: ignore[attr-defined]


def test_the_real_district_is_drilled(page, served: Served, songjiang: Store) -> None:  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect

    page.goto(served.url)
    page.wait_for_function(DRAWN, timeout=60_000)
    expect(page.locator(".rank")).to_have_count(17)
    expect(page.locator(".trail .here")).to_contain_text("松江区")
    text = page.inner_text("body")
    for wrong in ("undefined", "NaN", "Invalid Date", "null", "演示数据"):
        assert wrong not in text
    page.wait_for_function(SETTLED, timeout=60_000, polling=250)
    shot(page, "district")

    tree = queries.region_tree(songjiang, Scope.everything())
    town = tree.get(SIJING)
    assert town is not None
    x, y = page.evaluate(
        "([lon, lat]) => window.yiping.map.debug.screen(lon, lat)", [town.lon, town.lat]
    )
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_url(re.compile(f"region={SIJING}"))
    expect(page.locator(".trail .here")).to_contain_text("泗泾镇")
    page.wait_for_function(SETTLED, timeout=60_000, polling=250)
    shot(page, "town")
    page.keyboard.press("Escape")
    expect(page.locator(".trail .here")).to_contain_text("松江区")


def test_a_village_code_is_found_and_leads_to_its_town(page, served: Served) -> None:  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect

    page.goto(served.url)
    page.wait_for_function(DRAWN, timeout=60_000)
    page.keyboard.press("/")
    page.keyboard.type("310117001001")
    hit = page.locator(".hit").first
    expect(hit).to_contain_text("龙潭社区居委会")
    hit.click()
    expect(page.locator(".card h2")).to_contain_text("龙潭社区居委会")
    expect(page.locator(".trail")).to_contain_text("岳阳街道")
    shot(page, "village")


def test_a_code_that_does_not_exist_leads_to_the_nearest_view(page, served: Served) -> None:  # type: ignore[no-untyped-def]
    from playwright.sync_api import expect

    page.goto(f"{served.url}/?region=310117102999")
    page.wait_for_function(DRAWN, timeout=60_000)
    expect(page.locator(".trail .here")).to_contain_text("泗泾镇")
