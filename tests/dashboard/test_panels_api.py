"""What programs are told of the panels is what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.server import create_server
from geo_data.settings import Settings
from geo_data.store import Store
from tests.dashboard.worked_city import NOW, make_worked_city
from tests.geo_data.lived_city import hours, opened
from tests.stores import Stores


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    with opened(make_worked_city(module_stores.new())) as store:
        yield store


@pytest.fixture(scope="module")
def client(store: Store, cache_dir: Path) -> TestClient:
    return TestClient(create_server(Settings(data_dir=cache_dir), store, lambda: NOW))


def told(client: TestClient, path: str, **asked: str) -> Any:
    answer = client.get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def page_of(client: TestClient, **asked: str) -> str:
    return unescape(client.get("/indicators", params=asked).text)


@pytest.mark.parametrize("region", ["c", "t0", "f"])
def test_panels_agree_with_the_page(client: TestClient, region: str) -> None:
    asked = {"region": region, "period": "7d"}
    page = page_of(client, **asked)
    channels = told(client, "panels/channels", **asked)
    stages = told(client, "panels/stages", **asked)
    overdue = told(client, "panels/overdue", region=region)
    assert sum(one["n"] for one in channels) == stages["n"]
    assert f"发现渠道<small>7天 · {stages['n']}</small>" in page
    shown = re.findall(r'class="funnel-stage">.*?class="digits">(\d+)<', page)
    assert [int(n) for n in shown] == [one["reached"] for one in stages["stages"]]
    assert f"超期时长<small>现在 · {sum(overdue['total'])}</small>" in page
    if overdue["children"]:
        sums = [sum(column) for column in zip(*overdue["children"].values(), strict=True)]
        assert sums == overdue["total"]
    hours_told = told(client, "panels/hours", **asked)["counts"]
    assert sum(map(sum, hours_told)) == stages["n"]


def test_times_are_seconds_of_the_clock_that_runs(client: TestClient) -> None:
    stages = told(client, "panels/stages", region="t0", period="7d")
    (handling,) = (
        one for one in stages["spans"] if (one["start"], one["end"]) == ("dispatched", "closed")
    )
    # Half past noon until two.
    assert handling == {
        **{"start": "dispatched", "end": "closed", "n": 1, "median_s": 5400.0, "p90_s": 5400.0},
        **{"n_on_hours": 1},
    }
    assert stages["since"] is None


def test_days_are_those_of_the_calendar(client: TestClient) -> None:
    asked = {"from": "2025-06-30", "to": "2025-07-02"}
    days = told(client, "indicators/reported-incidents/days", **asked)
    assert days == [
        {"day": "2025-06-30", "value": None},
        {"day": "2025-07-01", "value": 11.0},
        {"day": "2025-07-02", "value": 0.0},
    ]
    year = told(client, "indicators/reported-incidents/days")
    page = page_of(client, indicator="reported-incidents")
    calendar = re.findall(r"<title>(\d{4}-\d\d-\d\d) · ([^<]+)</title>", page)
    said = [
        (one["day"], "未知" if one["value"] is None else f"{one['value']:.0f} 件") for one in year
    ]
    assert said == calendar


@pytest.mark.parametrize(
    ("path", "asked", "status", "word"),
    [
        ("panels/stages", {"region": "nowhere"}, 404, "region"),
        ("panels/channels", {"period": "48h"}, 422, "period"),
        ("panels/overdue", {"at": "9999-12-31T23:59:59Z"}, 422, "future"),
        ("panels/hours", {"period": "2031-01-01..2031-01-02"}, 422, "begun"),
        ("indicators/magic/days", {}, 404, "indicator"),
        ("indicators/open-incidents/days", {}, 422, "value for a day"),
        ("indicators/reported-incidents/days", {"from": "1960-01-01"}, 422, "days"),
        ("indicators/reported-incidents/days", {"from": "2000-01-01"}, 422, "days"),
        ("indicators/reported-incidents/days", {"from": "soon"}, 422, "soon"),
    ],
)
def test_what_there_is_not_is_said(
    client: TestClient, path: str, asked: dict[str, str], status: int, word: str
) -> None:
    answer = client.get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == status
    assert word in answer.json()["detail"]["error"]
    assert answer.json()["detail"]["remedy"]


def test_days_that_are_still_to_come_are_left_out(client: TestClient) -> None:
    asked = {"from": "2025-07-05", "to": "2025-07-09"}
    days = told(client, "indicators/reported-incidents/days", **asked)
    assert days == [{"day": "2025-07-05", "value": 0.0}]
    later = {"from": "2025-07-08", "to": "2025-07-09"}
    assert told(client, "indicators/reported-incidents/days", **later) == []


def test_as_known_at_a_moment(client: TestClient) -> None:
    asked = {"period": "7d", "at": (NOW - hours(1)).isoformat()}
    assert told(client, "panels/stages", **asked)["spans"][3]["n"] == 0
    assert sum(told(client, "panels/overdue", at=asked["at"])["total"]) == 0
