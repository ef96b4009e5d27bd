"""The panels of the page of vital signs: what they show is what programs are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from dashboard.context import Context
from dashboard.panels import ranking, time_bar, vital_signs
from dashboard.server import create_server
from dashboard.view import WINDOWS
from dashboard.widgets.heat_calendar import months_of
from dashboard.widgets.markup import text_of as markup_of
from geo_data.dictionaries import channel_groups
from geo_data.settings import Settings
from geo_data.store import Store, write_layer
from indicators.channel_share import channel_shares
from indicators.day_values import twelve_months
from tests.dashboard.worked_city import NOW, make_worked_city
from tests.geo_data.lived_city import make_lived_city, opened
from tests.geo_data.small_city import cell, make_small_city
from tests.stores import Stores


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    with opened(make_worked_city(module_stores.new())) as store:
        yield store


@pytest.fixture(scope="module")
def client(store: Store, cache_dir: Path) -> TestClient:
    return TestClient(create_server(Settings(data_dir=cache_dir), store, lambda: NOW))


def page_of(client: TestClient, **asked: str) -> str:
    answer = client.get("/indicators", params=asked)
    assert answer.status_code == 200
    return answer.text


def part_of(page: str, name: str) -> str:
    """The section that an anchor names."""
    rest = page.partition(f'<section id="{name}"')[2]
    return rest.partition("</section><section id=")[0]


def text_of(markup: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", markup))


def links(page: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]+)"', page)]


def told(client: TestClient, key: str, **asked: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/indicators/{key}", params=asked)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


# --- the numbers are those of the API --------------------------------------------------------


@pytest.mark.parametrize("region", ["c", "t0", "t2", "f"])
def test_the_ranking_is_what_programs_are_told(client: TestClient, region: str) -> None:
    asked = {"region": region, "period": "7d"}
    page = page_of(client, indicator="reported-incidents", **asked)
    answer = told(client, "reported-incidents", **asked)
    ranking = part_of(page, "ranking")
    shown = re.findall(r'class="rank-bar">.*?class="digits">([^<]+)<', ranking)
    values = sorted((value for code, value in answer["children"].items() if code), reverse=True)
    assert [float(one) for one in shown[: len(values)]] == values
    assert f'class="digits">{answer["value"]:.0f}<' in ranking


def test_shares_and_stages_are_of_the_cases_reported(client: TestClient) -> None:
    for region in ("c", "t0", "t1g0", "f"):
        flow = part_of(page_of(client, region=region, period="7d"), "flow")
        reported = told(client, "reported-incidents", region=region, period="7d")["value"]
        assert f"发现渠道<small>7天 · {reported:.0f}</small>" in flow
        assert f"处置流程<small>7天 · {reported:.0f}</small>" in flow
        overdue = told(client, "overdue-incidents", region=region, period="7d")["value"]
        assert f"超期时长<small>现在 · {overdue:.0f}</small>" in flow


def test_overdue_cases_lead_to_their_list(client: TestClient) -> None:
    flow = part_of(page_of(client), "flow")
    listed = [link for link in links(flow) if "cases=overdue" in link]
    assert "/?cases=overdue" in listed
    assert "/?region=t0&cases=overdue" in listed
    assert {client.get(link).status_code for link in listed} == {200}
    assert "5 件以工作日计，0 件以自然日计" in flow
    # Due on Wednesday from half past nine until one: 23.5 to 20 hours of work until Saturday.
    total = re.search(r'class="age-row total".*?</a>', flow)
    assert total is not None
    counts = re.findall(r'class="n[^"]*">(\d+)<', total[0])
    assert [int(n) for n in counts] == [0, 5, 0, 0, 0]


def test_the_calendar_counts_every_day_once(client: TestClient) -> None:
    calendar = part_of(page_of(client, indicator="reported-incidents"), "calendar")
    days = dict(re.findall(r"<title>(\d{4}-\d\d-\d\d) · ([^<]+)</title>", calendar))
    first, last = twelve_months(date(2025, 7, 5))
    assert list(days) == [str(first + timedelta(n)) for n in range((last - first).days + 1)]
    assert days["2025-07-01"] == "11 件"
    assert days["2025-07-02"] == "0 件"
    # Nobody told of anything before: that is not zero.
    assert days["2025-06-30"] == "未知"
    assert calendar.count('class="today"') == 1
    assert calendar.count('class="unknown"') == len(days) - 5 + 1
    legend = calendar.partition('class="heat-legend"')[2]
    assert sum(map(int, re.findall(r"<b>(\d+)</b>", legend))) == len(days)


def test_a_day_of_the_calendar_is_a_period(client: TestClient) -> None:
    calendar = part_of(page_of(client, region="t0", indicator="reported-incidents"), "calendar")
    (link,) = (one for one in links(calendar) if "2025-07-01..2025-07-01" in one)
    assert link.endswith("#calendar")
    day = client.get(link.partition("#")[0]).text
    assert 'class="chosen"' in part_of(day, "calendar")
    asked = {"region": "t0", "period": "2025-07-01..2025-07-01"}
    value = told(client, "reported-incidents", **asked)["value"]
    assert f"发现渠道<small>2025-07-01 – 2025-07-01 · {value:.0f}</small>" in part_of(day, "flow")


def test_days_off_and_days_worked_instead_are_marked(client: TestClient) -> None:
    year = part_of(page_of(client, year="2025", indicator="reported-incidents"), "calendar")
    cells = re.findall(r"<title>(\d{4}-\d\d-\d\d) [^<]*</title>(.*?)</a>", year)
    marks = {day: text_of(rest).split()[-1] for day, rest in cells}
    # 2025: 端午 from Saturday to Monday; Sunday 27 April is worked for the days off of 劳动节.
    assert [marks[day] for day in ("2025-05-31", "2025-06-02", "2025-04-27")] == ["休", "休", "班"]
    assert marks["2025-06-03"] == "3"
    assert next(iter(marks)) == "2025-01-01"
    assert list(marks)[-1] == "2025-07-05"


def test_what_has_no_days_says_so(client: TestClient) -> None:
    calendar = part_of(page_of(client, indicator="open-incidents"), "calendar")
    assert "“在办”没有逐日数值" in calendar
    assert "11 件" in calendar


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("region", ["", "t0", "f"])
def test_desk_and_wall_say_the_same(
    client: TestClient, store: Store, cache_dir: Path, window: str, region: str
) -> None:
    look = Context(Settings(data_dir=cache_dir), store, lambda: NOW).look(
        f"?window={window}&region={region}&indicator=reported-incidents"
    )
    page = page_of(client, window=window, region=region, indicator="reported-incidents")
    counts = re.findall(r"<b>([\d,]+)</b>", markup_of(time_bar.chart(look)))
    where = (store, look.scope, look.region.code, window, NOW)
    by_group = dict.fromkeys(channel_groups(), 0)
    for one in channel_shares(*where):
        by_group[one.group] += one.n
    assert [int(n) for n in counts] == list(by_group.values())
    assert (
        f"发现渠道<small>{look.say(f'window-{window}')} · {sum(by_group.values())}</small>" in page
    )
    desk = re.findall(
        r'class="name">([^<]+)<.*?class="digits">([^<]+)<', markup_of(ranking.rows(look))
    )
    shown = re.findall(
        r'class="name">([^<]+)</span><span class="track">.*?class="digits">([^<]+)<',
        part_of(page, "ranking").partition("<h3>")[0],
    )
    assert shown == desk[: len(shown)]
    assert bool(shown) == (region != "f")


# --- two sides -------------------------------------------------------------------------------


def sides(page: str) -> dict[str, list[str]]:
    rows = re.findall(r'class="versus-row"><span class="name">([^<]+)</span>(.*?)</div>', page)
    return {name: text_of(rest).split() for name, rest in rows}


def test_two_regions_side_by_side(client: TestClient) -> None:
    asked = {"region": "t0", "period": "7d"}
    page = part_of(page_of(client, versus="t2", **asked), "versus")
    found = sides(page)
    left = told(client, "reported-incidents", **asked)["value"]
    right = told(client, "reported-incidents", region="t2", period="7d")["value"]
    assert (left, right) == (4, 2)
    # A larger town is no worse for having more cases.
    assert found["受理"] == ["4", "件", "2", "件", "高", "2", "件"]
    assert "town t0 · 7天" in page
    assert "town t2 · 7天" in page
    assert found["按期结案率"][-1] == "—"
    cards = [link for link in links(page) if link.startswith("/indicators/reported")]
    assert [client.get(link).status_code for link in cards] == [200, 200]


def test_two_periods_side_by_side(client: TestClient) -> None:
    day, before = "2025-07-02..2025-07-02", "2025-07-01..2025-07-01"
    page = page_of(client, period=day, **{"versus-period": before})
    found = sides(part_of(page, "versus"))
    assert found["受理"] == ["0", "件", "11", "件", "低", "11", "件，较好"]
    # The state of this moment is of no period.
    assert "物联在线率" not in found
    # Both stand in the address of whatever else is chosen.
    chips = [link for link in links(page) if "year=2025" in link]
    assert chips
    assert all(f"period={day}" in link and f"versus-period={before}" in link for link in chips)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"versus": "nowhere"}, "nowhere"),
        ({"versus-period": "2031-01-01..2031-01-02"}, "2031-01-01"),
        ({"versus-from": "2025-02-30", "versus-to": "2025-03-01"}, "2025-02-30"),
    ],
)
def test_what_cannot_be_compared_is_said(
    client: TestClient, asked: dict[str, str], said: str
) -> None:
    page = page_of(client, **asked)
    assert said in re.findall(r'class="fault">([^<]+)<', page)[0]
    assert "versus-row" not in page


@pytest.mark.parametrize("year", ["x", "0000", "9999", "1999", "20255"])
def test_a_year_that_there_is_not_is_the_last_twelve_months(client: TestClient, year: str) -> None:
    assert "2024-08-01 – 2025-07-05" in part_of(page_of(client, year=year), "calendar")


# --- the page --------------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["c", "t0", "t0g0", "f"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_part_stands_at_every_level(client: TestClient, region: str, language: str) -> None:
    page = page_of(client, region=region, lang=language, versus="t1", period="this-month")
    for name in ("overview", "ranking", "calendar", "flow", "versus"):
        assert f'href="#{name}"' in page
        assert len(text_of(part_of(page, name))) > 40
    for word in ("None", "nan", "NaN", "undefined", "Traceback"):
        assert word not in text_of(page)
    if language == "en":
        # Names of places and what people wrote stay as they are.
        rest = re.sub(r"开发区|小城|中", "", text_of(page.partition("<body")[2]))
        assert re.findall(r"[一-鿿]+", rest) == []


def test_a_look_back_says_so_and_leads_to_the_present(client: TestClient) -> None:
    # Told at noon of Saturday: before that nobody knew of any dispatch.
    asked = {"at": "2025-07-05T03:00:00Z", "period": "7d"}
    page = page_of(client, **asked)
    assert "2025-07-05 11:00" in part_of(page, "overview") + page.partition('id="overview"')[0]
    assert "没有超期的事件" in part_of(page, "flow")
    back = [link for link in links(page) if link == "/indicators?period=7d"]
    assert back
    assert "回到现在" not in page_of(client, period="7d")
    card = client.get("/indicators/pm25", params=asked).text
    assert "/indicators/pm25?period=7d" in links(card)
    assert "回到现在" in card


def test_a_city_without_cases_is_composed(stores: Stores, cache_dir: Path) -> None:
    store = make_small_city(stores.new())
    client = TestClient(create_server(Settings(data_dir=cache_dir), store, lambda: NOW))
    page = page_of(client, versus="t0")
    assert part_of(page, "flow").count("暂无内容") == 2
    assert "没有超期的事件" in page
    store.close()


def test_functional_areas_stand_beside_and_are_not_added(client: TestClient) -> None:
    asked = {"indicator": "reported-incidents", "period": "7d"}
    ranking = part_of(page_of(client, **asked), "ranking")
    area = told(client, "reported-incidents", region="f", period="7d")["value"]
    _, _, beside = ranking.partition("功能区")
    assert "不计入合计" in beside
    assert f'class="digits">{area:.0f}<' in beside
    assert "功能区" not in part_of(page_of(client, region="t0", **asked), "ranking")


def test_the_card_has_its_areas_beside_it(client: TestClient) -> None:
    asked = {"period": "7d"}
    card = client.get("/indicators/reported-incidents", params=asked).text
    area = told(client, "reported-incidents", region="f", **asked)["value"]
    beside = card.partition("功能区")[2]
    assert f'class="digits">{area:.0f}<' in beside
    assert "/indicators/reported-incidents?region=f&amp;period=7d" in beside
    assert "功能区" not in client.get("/indicators/pm25", params={"region": "t0"}).text


def test_a_page_names_what_is_served_whatever_is_imported(stores: Stores, cache_dir: Path) -> None:
    store = make_lived_city(stores.new())
    client = TestClient(create_server(Settings(data_dir=cache_dir), store, lambda: NOW))
    frame = gpd.GeoDataFrame(
        {"code": ["g"], "name": ["鑫垚龘"], "kind": ["functional"]},
        geometry=[cell(0, 0, 2, 1)],
        crs=4326,
    )
    write_layer(store, "regions/functional", frame, "test", NOW)
    page = page_of(client)
    assert "鑫垚龘" in page
    sheets = [link for link in links(page) if link.startswith("/static/")]
    assert len(sheets) == 1
    sheet = client.get(sheets[0])
    assert sheet.status_code == 200
    (font,) = re.findall(r'url\("(/static/[^"]+woff2)"\)', sheet.text)
    assert client.get(font).status_code == 200
    store.close()


def test_the_desk_leads_to_cards_and_parts(
    client: TestClient, store: Store, cache_dir: Path
) -> None:
    look = Context(Settings(data_dir=cache_dir), store, lambda: NOW).look("?region=t0&window=7d")
    sheet = markup_of(
        [vital_signs.board(look, vital_signs.values(look)), vital_signs.every_sign(look)]
    )
    found = [link for link in links(sheet) if link.startswith("/indicators")]
    assert f"/indicators/open-incidents{look.href(look.view)}" in found
    anchors = {link.partition("#")[2] for link in found} - {""}
    page = client.get(found[0]).text
    assert "town t0" in page
    board = page_of(client, region="t0", window="7d")
    assert anchors == {"ranking", "calendar", "flow", "versus"}
    assert all(f'id="{anchor}"' in board for anchor in anchors)


# --- the sheets of a calendar ----------------------------------------------------------------


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 800))
def test_every_day_has_one_place_on_one_sheet(first: date, n: int) -> None:
    days = [(first + timedelta(number), None) for number in range(n)]
    seen: list[date] = []
    for (year, month), cells in months_of(days):
        places = [(row, column) for _, row, column in cells]
        assert len(set(places)) == len(places)
        assert places == sorted(places)
        assert places[0][0] == 0
        for number, _, column in cells:
            day = days[number][0]
            assert (day.year, day.month, day.weekday()) == (year, month, column)
            seen.append(day)
        weeks = [days[number][0].isocalendar()[:2] for number, _, _ in cells]
        assert len(set(weeks)) == len({row for row, _ in places})
    assert seen == [day for day, _ in days]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_twelve_months_are_twelve_sheets(today: date) -> None:
    first, last = twelve_months(today)
    days = [(first + timedelta(n), None) for n in range((last - first).days + 1)]
    assert len(list(months_of(days))) == 12
    assert (first.day, last) == (1, today)
