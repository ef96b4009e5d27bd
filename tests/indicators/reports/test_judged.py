"""What reports take over from early warning and from the evaluation of units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from geo_data import dictionaries, queries
from geo_data.ingest import Reading, apply
from geo_data.records import Scope
from geo_data.store import Store
from indicators import early_warning, evaluation
from indicators.early_warning import Assessment
from indicators.reports import Report, make_report
from indicators.reports.content import Paragraph, Table
from tests.geo_data.lived_city import opened
from tests.indicators.reports.counted_city import NOW, make_counted_city

ALL = Scope.everything()


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:  # type: ignore[no-untyped-def]
    with opened(make_counted_city(tmp_path / "c.gpkg")) as store:
        yield store


def table(report: Report, key: str) -> Table:
    return next(one for one in report.tables() if one.key == key)


def texts(found: Table) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row) for row in found.rows]


def said(report: Report) -> str:
    return "\n".join(block.text for block in report.blocks if isinstance(block, Paragraph))


def test_the_evaluation_of_the_month_is_that_of_its_page(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    rows = texts(table(report, "evaluation"))
    shown = evaluation.shown(store, ALL, "monthly", "2026-10", NOW)
    units = {one.name: one for one in shown.settled.groups[0].units}
    assert [row[2] for row in rows] == list(units)
    for row in rows:
        unit = units[row[2]]
        assert row[3] == ("—" if unit.score is None else f"{unit.score:.2f}")
    assert rows[-1] == ("街镇", "—", "town t2", "—", "件数过少，不参评")
    assert "尚未发布" in table(report, "evaluation").rule
    assert "按考核得分，居前的为town t1" in said(report)


def test_a_published_evaluation_is_told_with_its_number(store: Store) -> None:
    made = evaluation.publish(store, ALL, "monthly", "2026-10", who="张三", at=NOW)
    report = make_report(store, ALL, "monthly", NOW, period="2026-10")
    assert made.number in table(report, "evaluation").rule


def test_a_town_is_told_its_own_place_only(store: Store) -> None:
    report = make_report(store, ALL, "monthly", NOW, period="2026-10", region_code="t0")
    (row,) = texts(table(report, "evaluation"))
    assert row[1:3] == ("2/2", "town t0")
    mine = make_report(store, Scope(region_code="t1"), "monthly", NOW, period="2026-10")
    assert texts(table(mine, "evaluation"))[0][1:3] == ("1/2", "town t1")


def test_before_any_data_there_is_no_evaluation(store: Store) -> None:
    report = make_report(store, ALL, "yearly", NOW, period="2024")
    assert "evaluation" not in {one.key for one in report.tables()}


def test_signals_are_those_of_early_warning_without_cold_spots(store: Store) -> None:
    found = early_warning.assess(store, ALL, NOW)
    assert isinstance(found, Assessment)
    report = make_report(store, ALL, "daily", NOW)
    wanted = [one for one in found.signals if one.kind != "cold-spot"]
    assert table(report, "signals").total == len(wanted)


def test_a_look_on_the_screen_waits_for_no_signals(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> Assessment:
        raise AssertionError("a look must not work them out")

    monkeypatch.setattr(early_warning, "assess", slow)
    report = make_report(store, ALL, "daily", NOW, is_quick=True)
    assert "文件中列出" in table(report, "signals").empty
    known = Assessment(NOW, version=early_warning.version(store, NOW))
    early_warning.hold(store, ALL, known)
    assert (
        "文件中列出"
        not in table(make_report(store, ALL, "daily", NOW, is_quick=True), "signals").empty
    )
    stale = replace(known, version=("old",))
    early_warning.hold(store, ALL, stale)
    again = make_report(store, ALL, "daily", NOW, is_quick=True)
    assert "文件中列出" in table(again, "signals").empty


def test_a_period_of_long_ago_has_no_signals_of_today(store: Store) -> None:
    report = make_report(store, ALL, "weekly", NOW, period="2026-W42")
    assert "signals" not in {one.key for one in report.tables()}


def test_a_warning_in_force_is_listed_with_its_level_and_whether_it_was_seen(store: Store) -> None:
    apply(store, [Reading("s3", 1.0, NOW)], NOW)
    (alarm,) = queries.alarms(store, ALL, "c", NOW)
    report = make_report(store, ALL, "daily", NOW)
    (row,) = texts(table(report, "warnings"))
    assert row[0] == dictionaries.word("warnings", str(int(alarm.level)))
    assert row[2] == "传感器3"
    assert row[-1] == "未确认"
    assert "系统内在效预警共1条" in said(report)
    # Of another town it is not.
    other = make_report(store, ALL, "daily", NOW, region_code="t2")
    assert "系统内无在效预警" in said(other)
