"""The page of evaluation: the ranking, what was published, and the cases that cost points."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.pages.evaluation_words import plain, way_text
from geo_data.evaluations import Measure
from geo_data.ingest import apply
from geo_data.store import Store
from indicators.evaluation import evaluations_of
from tests.dashboard.test_evaluations import (
    DIGEST,
    JULY,
    MONDAY,
    NOW,
    WHO,
    WHY,
    client,
    client_of,
    closed,
    send,
    store,
)

__all__ = ["client", "store"]


def page(client: TestClient, **params: str) -> str:
    answer = client.get("/evaluation", params={**JULY, **params})
    assert answer.status_code == 200
    return answer.text


def links(text: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', text)]


def rows(text: str) -> list[list[str]]:
    body = text[text.index("<tbody") : text.index("</tbody>")]
    return [
        [re.sub(r"<[^>]+>", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row)]
        for row in re.findall(r"<tr.*?</tr>", body)
    ]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_ranking(client: TestClient, language: str) -> None:
    text = page(client, lang=language)
    first, second, third = rows(text)
    assert (first[0], first[1][1], first[2]) == (["1"], "t1", ["100.00"])
    assert (second[0], second[1][1], second[2]) == (["2"], "t0", ["30.00"])
    # Points over the value they are given for.
    assert second[4] == ["15.00", "75.00", "%"]
    assert second[6] == ["—", "—"]
    assert (third[0], third[2]) == (["—"], ["—"])
    assert ("不参评" if language == "zh-CN" else "Takes no part") in text
    assert ("未发布" if language == "zh-CN" else "Not published") in text
    for word in ("undefined", "None", "NaN", "null"):
        assert word not in re.sub(r"<[^>]+>", " ", text)


def test_every_number_leads_to_its_cases(client: TestClient) -> None:
    leads = [link for link in links(page(client)) if "measure=" in link and "unit=t0" in link]
    assert len(leads) == 2
    text = client.get(leads[1].partition("#")[0]).text
    # 2 of 4 in time is 50 %, below the floor of 60: none of 30 points.
    assert "(50 − 60) ÷ (95 − 60) × 30 = 0.00" in text
    assert "共 2 件" in text
    cases = [link for link in links(text) if link.startswith("/?") and "object=incident:" in link]
    assert len(cases) == 2
    assert client.get(cases[0]).status_code == 200


def test_what_was_published_and_what_would_be_otherwise(client: TestClient, store: Store) -> None:
    made = send(client, "PUT", **WHO).json()["publication"]
    text = page(client)
    for told in ("已发布", made["number"], "张三", made["sha256"], "与发布时一致"):
        assert told in text
    assert "结果与已发布的相同" in text
    for report in closed(9, "t2g0", MONDAY - MONDAY):
        apply(store, [report], NOW)
    after = page(client)
    assert rows(after) == rows(text)
    assert "2 个单位会不同" in after
    assert "30.00 分，第 2" in after
    assert "30.00 分，第 3" in after
    (turn,) = {link for link in links(after) if "current=1" in link}
    assert [row[0] for row in rows(client.get(turn).text)] == [["1"], ["1"], ["3"]]
    send(client, "DELETE", **WHY)
    assert "漏报 1 件" in page(client)


def test_who_sees_one_town_sees_one_row(client: TestClient, store: Store, cache_dir: Path) -> None:
    town = client_of(store, cache_dir, admin_key_sha256=DIGEST, scope_region="t0")
    ((place, name, *_),) = rows(page(town))
    assert (place, name[1]) == (["2"], "t0")
    assert "t1" not in re.sub(r"<[^>]+>", " ", page(town))
    hidden = page(town, unit="t1", measure="on-time-rate")
    assert 'id="lost"' not in hidden


def test_every_choice_leads_somewhere(client: TestClient) -> None:
    chips = [link for link in links(page(client)) if link.startswith("/evaluation")]
    assert len(chips) > 8
    for link in chips:
        answer = client.get(link)
        assert answer.status_code == 200, link
        assert 'class="fault"' not in answer.text


def test_what_there_is_not_is_said_and_the_default_shown(client: TestClient) -> None:
    for wrong in ({"period": "2031-01"}, {"evaluation": "magic"}, {"period": "<u>"}):
        text = client.get("/evaluation", params=wrong).text
        assert 'class="fault"' in text
        assert "<u>" not in text
        assert "2025年7月" in text
    odd = client.get("/evaluation", params={"group": "x", "unit": "y", "measure": "z", "at": "1"})
    assert odd.status_code == 200


def test_the_ways_to_it(client: TestClient) -> None:
    assert any(link.startswith("/evaluation") for link in links(client.get("/indicators").text))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_way_to_give_points_is_said(store: Store, client: TestClient, language: str) -> None:
    from dashboard.context import Context
    from geo_data.settings import Settings

    look = Context(Settings(), store, lambda: NOW).look(f"?lang={language}")
    ways = (
        {"full-at": 100},
        {"target": 0, "floor": 5},
        {"each": 0.5, "most": 4},
        {"steps": [{"value": 95, "points": 10}, {"value": 90, "points": 5}]},
    )
    said = {
        way_text(look, Measure.model_validate({"indicator": "x", "points": 10, **way}))
        for way in ways
    }
    assert len(said) == 4
    assert all("10" in one for one in said)
    assert (plain(100.0), plain(0.0), plain(12.5)) == ("100", "0", "12.5")
    assert evaluations_of(store.city)
