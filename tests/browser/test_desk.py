"""The desk in a real browser: load, drill, link, search, layers, words."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from geo_data import queries
from geo_data.records import Scope
from geo_data.store import Store
from tests.browser.probes import LAYERS, SETTLED

pytestmark = pytest.mark.browser
EVERYONE = Scope.everything()
QUIET = "region-district,region-town,region-grid,place-residential,mask"
"""Nothing that could stand where a test clicks to drill."""


def said(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def click_map(page: Page, lon: float, lat: float) -> None:
    """Click where a coordinate is drawn."""
    x, y = page.evaluate("([lon, lat]) => window.yiping.map.debug.screen(lon, lat)", [lon, lat])
    page.mouse.move(x, y)
    page.mouse.click(x, y)


def drill_into(page: Page, lon: float, lat: float, wanted: str) -> None:
    """Click, as a person does again when what is clicked had not arrived yet."""
    for _ in range(12):
        click_map(page, lon, lat)
        try:
            page.wait_for_url(re.compile(wanted), timeout=3000)
        except TimeoutError:
            settled(page)
        else:
            return
    pytest.fail(f"clicking {lon}, {lat} never led to {wanted}: {page.url}")


def settled(page: Page) -> None:
    """Wait until the map shows what the address says and no longer moves."""
    page.wait_for_function(SETTLED, timeout=60_000, polling=250)


def test_first_view_is_drawn_and_speaks_chinese(open_desk: Page) -> None:
    page = open_desk
    expect(page.locator(".trail .here")).to_contain_text("松江区")
    expect(page.locator(".vital").first).to_be_visible()
    expect(page.locator(".ranking .rows > .rank")).to_have_count(17)
    expect(page.locator(".city-notice")).to_have_text("演示数据·街镇以下边界为示意")
    text = page.inner_text("body")
    for wrong in ("undefined", "NaN", "Invalid Date", "null"):
        assert wrong not in text


def test_drill_by_click_down_to_an_object_and_back_up(
    visit: Callable[..., Page], demo_store: Store
) -> None:
    page = visit(f"/?fold=left,right,bottom&layers={QUIET}")
    tree = queries.region_tree(demo_store, EVERYONE)
    town = max(tree.children(tree.root.code), key=lambda region: region.area_km2)
    settled(page)
    drill_into(page, town.lon, town.lat, f"region={town.code}")
    settled(page)
    grid_code = queries.places(demo_store, EVERYONE, ["residential"], town.code)
    residence = grid_code.iloc[0]
    grid = tree.get(residence.region_code)
    assert grid is not None
    drill_into(page, grid.lon, grid.lat, f"region={town.code}\\d+")
    settled(page)
    place = queries.places(demo_store, EVERYONE, ["residential"], said(page)["region"])
    if place.empty:
        page.goto(page.url.replace(said(page)["region"], residence.region_code))
        settled(page)
        place = queries.places(demo_store, EVERYONE, ["residential"], residence.region_code)
    drill_into(page, float(place.iloc[0].lon), float(place.iloc[0].lat), "object=")
    expect(page.locator(".card h2")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('object=')")
    page.keyboard.press("Escape")
    page.wait_for_function(
        f"() => location.search.includes('region={town.code}&') || "
        f"location.search.endsWith('region={town.code}')"
    )
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('region=')")
    expect(page.locator(".trail .here")).to_contain_text("松江区")


def test_a_pasted_link_restores_the_exact_view(
    visit: Callable[..., Page], demo_store: Store
) -> None:
    tree = queries.region_tree(demo_store, EVERYONE)
    town = tree.children(tree.root.code)[3]
    query = (
        f"/?region={town.code}&window=7d&tab=sensors&layers=towns,sensors:60&theme=light&lang=en"
    )
    page = visit(query)
    expect(page.locator(".choice.on")).to_have_text("7 d")
    expect(page.locator(".tab.on")).to_contain_text("Sensors")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"
    assert page.evaluate("() => document.documentElement.lang") == "en"
    assert set(page.evaluate(f"() => {LAYERS}")) >= {"sensors"}
    before = page.url
    page.reload()
    expect(page.locator(".tab.on")).to_contain_text("Sensors")
    assert page.url == before


def test_back_button_goes_one_drill_up(desk: Callable[..., Page]) -> None:
    page = desk()
    name = page.locator(".rank .name").first.inner_text()
    page.locator(".rank").first.click()
    expect(page.locator(".trail .here")).to_contain_text(name)
    page.go_back()
    expect(page.locator(".trail .here")).to_contain_text("松江区")


@pytest.mark.parametrize("text", ["泗泾", "sj", "310117102"])
def test_search_by_name_initials_and_code(desk: Callable[..., Page], text: str) -> None:
    page = desk()
    page.keyboard.press("/")
    page.keyboard.type(text)
    # The answers to less than that change under the pointer.
    hit = page.locator(f'.hits[data-answers="{text}"] .hit', has_text="泗泾镇").first
    hit.click()
    expect(page.locator(".trail .here")).to_contain_text("泗泾镇")
    expect(page.locator(".hit")).to_have_count(0)


def test_enter_means_what_was_typed_and_not_what_is_listed_so_far(
    desk: Callable[..., Page],
) -> None:
    page = desk()
    page.keyboard.press("/")
    page.keyboard.type("310117102")
    page.keyboard.press("Enter")
    expect(page.locator(".trail .here")).to_contain_text("泗泾镇")


def test_a_layer_is_switched_off_and_on(desk: Callable[..., Page]) -> None:
    page = desk()
    assert "sensors" in page.evaluate(f"() => {LAYERS}")
    page.locator(".layer-box > summary").click()
    page.locator('[data-layer="sensors"] .switch').click()
    page.wait_for_function(f"() => !{LAYERS}.includes('sensors')")
    page.locator('[data-layer="sensors"] .switch').click()
    page.wait_for_function(f"() => {LAYERS}.includes('sensors')")


def test_english_screen_has_no_chinese_words_of_ours(visit: Callable[..., Page]) -> None:
    page = visit("/?lang=en")
    expect(page.locator(".tab.on")).to_contain_text("Incidents")
    ours = page.locator(".vitals, .tabs, .choices .segments, .ages, .series, .legend h3")
    assert not re.search(r"[一-鿿]", " ".join(ours.all_inner_texts()))


def test_a_region_that_is_not_there_is_said_and_the_nearest_shown(
    visit: Callable[..., Page],
) -> None:
    page = visit("/?region=310117102999999")
    expect(page.locator(".notice:visible")).to_contain_text("310117102999999")
    expect(page.locator(".trail .here")).to_contain_text("泗泾镇")


def test_the_numbers_agree(desk: Callable[..., Page]) -> None:
    """Ranking adds up to the board; the histogram to the list's window."""
    page = desk("?indicator=reported-incidents&window=30d")
    rows = [
        int(text.replace(",", ""))
        for text in page.locator(".ranking .rows > .rank .digits").all_inner_texts()
    ]
    board = page.locator(".vital.on .digits").inner_text()
    assert sum(rows) == int(board.replace(",", ""))
