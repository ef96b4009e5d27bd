"""The five reports of a city that was counted by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geo_data.records import Scope
from geo_data.store import Store, open_store
from indicators.reports import Report, make_report
from indicators.reports.content import MapPlace, Paragraph, Table
from tests.geo_data.lived_city import opened
from tests.indicators.reports.counted_city import NOW, make_counted_city
from tests.stores import Address, Stores

ALL = Scope.everything()


@pytest.fixture(scope="module")
def counted(module_stores: Stores) -> Address:
    address = module_stores.new()
    make_counted_city(address).close()
    return address


@pytest.fixture(scope="module")
def store(counted: Address) -> Iterator[Store]:
    with opened(open_store(counted)) as store:
        yield store


def said(report: Report) -> str:
    return "\n".join(block.text for block in report.blocks if isinstance(block, Paragraph))


def table(report: Report, key: str) -> Table:
    return next(one for one in report.tables() if one.key == key)


def texts(found: Table) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row) for row in found.rows]


def test_a_month(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    assert report.title == "小城城市运行月通报（2026年10月）"
    text = said(report)
    assert "共受理城市运行事件6件，环比上升100.0%，同比上升200.0%；立案5件，结案5件。" in text
    assert "应结案5件，结案率100.0%，按期结案率80.0%，返工率0.0%。" in text
    rows = {row[0]: row[1:] for row in texts(table(report, "against-both"))}
    assert rows["受理（件）"] == ("6", "3", "+100.0%", "2", "+200.0%")
    assert rows["按期结案率"] == ("80.0%", "100.0%", "−20.0", "100.0%", "−20.0")
    assert rows["主动发现率"][0] == "40.0%"


def test_channels_add_up_and_one_without_cases_has_zero(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    rows = texts(table(report, "channels"))
    assert rows[:3] == [
        ("12345 市民热线", "3", "50.0%", "1", "+200.0%"),
        ("网格巡查", "2", "33.3%", "2", "0.0%"),
        ("视频 AI", "1", "16.7%", "0", "—"),
    ]
    assert rows[3][1:] == ("0", "0.0%", "0", "—")
    assert rows[-1] == ("合计", "6", "100.0%", "3", "+100.0%")
    listed = table(report, "channels").listed
    assert sum(row[1].value or 0 for row in listed) == 6
    assert sum(row[2].value or 0 for row in listed) == pytest.approx(100)


def test_units_are_ranked_and_who_had_nothing_due_has_no_place(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    assert texts(table(report, "units")) == [
        ("1", "town t1", "100.0%", "100.0%", "0.0%", "2"),
        ("2", "town t0", "75.0%", "100.0%", "0.0%", "4"),
        ("—", "town t2", "—", "—", "—", "0"),
        ("", "全域", "80.0%", "100.0%", "0.0%", "6"),
    ]
    assert "居前的为town t1（100.0%）。" in said(report)
    assert "居后的为town t0（75.0%）。" in said(report)


def test_a_day(store: Store) -> None:
    report = make_report(store, ALL, "daily", NOW)
    text = said(report)
    assert "11月25日值守情况：带班领导陈明，值班人员李华、王芳。" in text
    assert "共受理城市运行事件1件，环比—；立案0件，结案0件。" in text
    assert "截至2026年11月26日 14:30，在办3件，其中超期1件、即将到期1件。" in text
    assert "系统内无在效预警" in text
    assert "应急响应（Ⅰ级至Ⅳ级）：系统未接入" in text
    assert texts(table(report, "standing")) == [
        ("town t0", "1", "1", "0"),
        ("town t1", "2", "0", "1"),
        ("town t2", "0", "0", "0"),
        ("合计", "3", "1", "1"),
    ]
    assert texts(table(report, "overdue")) == [("SJ2025-n2", "暴露垃圾", "谷阳路n2号", "8天1小时")]
    assert texts(table(report, "grave")) == [
        ("较大", "SJ2025-n3", "暴露垃圾", "谷阳路n3号", "派遣")
    ]
    assert texts(table(report, "areas")) == [("town t1grid t1g0", "1")]


def test_a_town_has_its_own_duty_and_its_own_numbers(store: Store) -> None:
    report = make_report(store, ALL, "daily", NOW, region_code="t0")
    assert report.title == "小城town t0城市运行日研判（2026年11月25日）"
    assert "带班领导赵刚，值班人员未填报。" in said(report)
    assert "共受理城市运行事件0件" in said(report)
    assert texts(table(report, "overdue"))[0][0] == "SJ2025-n2"
    other = make_report(store, ALL, "daily", NOW, region_code="t1")
    assert "带班领导未填报，值班人员未填报。" in said(other)


def test_a_viewer_of_one_town_gets_that_town(store: Store) -> None:
    mine = Scope(region_code="t1")
    report = make_report(store, mine, "monthly", NOW, period="2026-10")
    assert report.region == "t1"
    assert "共受理城市运行事件2件" in said(report)
    assert all("t0" not in text for row in texts(table(report, "units")) for text in row)


def test_a_week(store: Store) -> None:
    report = make_report(store, ALL, "weekly", NOW)
    text = said(report)
    assert "2026年第47周（11月16日至22日）" in text
    assert "共受理城市运行事件1件，比上周持平；结案0件，比上周下降100.0%。" in text
    assert texts(table(report, "due-soon")) == [
        ("town t1", "SJ2025-n3", "暴露垃圾", "谷阳路n3号", "11月26日 15:00")
    ]
    assert [one.indicator for one in report.maps()] == ["reported-incidents"]


def test_a_quarter(store: Store) -> None:
    report = make_report(store, ALL, "quarterly", NOW, period="2026-Q4")
    text = said(report)
    assert "本期尚未结束" in text
    assert "未登记成因" in text
    assert "有处置单位记录的事件6件，其中由两个及以上单位先后处置的0件，退单0件。" in text
    assert texts(table(report, "repeated-places")) == [
        ("building b0", "town t0grid t0g0", "暴露垃圾", "3")
    ]
    months = texts(table(report, "trend"))
    assert [row[:2] for row in months] == [("2026年10月", "6"), ("2026年11月", "3")]


def test_a_year_does_not_take_what_nobody_knows_for_zero(store: Store) -> None:
    report = make_report(store, ALL, "yearly", NOW, period="2025")
    text = said(report)
    assert "系统内事件数据始于2025年10月1日，本期数字仅含此后部分。" in text
    months = texts(table(report, "trend"))
    assert [row[1] for row in months] == [*["—"] * 9, "2", "0", "0"]
    assert {row[2] for row in texts(table(report, "against-year"))} == {"—"}
    maps = [(one.region, one.title) for one in report.blocks if isinstance(one, MapPlace)]
    # Three of the whole, then the atlas of the towns.
    assert [code for code, _ in maps] == ["c", "c", "c", "t0", "t1", "t2"]
    assert maps[3][1] == "town t0受理分布图"
    before = make_report(store, ALL, "yearly", NOW, period="2024")
    assert "本期在此之前" in said(before)
    assert "共受理城市运行事件—" in said(before)
    assert {row[5] for row in texts(table(before, "units"))} == {"—"}


def test_what_was_learned_later_is_not_in_an_earlier_report(store: Store) -> None:
    report = make_report(store, ALL, "daily", NOW.replace(day=19, hour=8), period="2026-11-18")
    # Everything was told on the 26th.
    assert "在办0件，其中超期0件" in said(report)
    assert "无超期事件。" in said(report)


def test_every_table_says_how_it_is_counted_and_until_when(store: Store) -> None:
    for kind in ("daily", "weekly", "monthly", "quarterly", "yearly"):
        report = make_report(store, ALL, kind, NOW)
        assert "数据截止时间：2026年11月26日 14:30" in report.foot
        assert all(one.rule and one.title and one.empty for one in report.tables())


def test_the_same_store_and_moment_give_the_same_report(store: Store) -> None:
    for kind in ("daily", "monthly"):
        assert make_report(store, ALL, kind, NOW) == make_report(store, ALL, kind, NOW)
