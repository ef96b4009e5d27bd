"""Recorded messages in their sources' own words, and any rubbish, through mapping and parser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select

from geo_data.faults import InputError
from geo_data.ingest.mapping import our_message
from geo_data.ingest.parse import parse_incident, parse_reading, parse_stage
from geo_data.ingest.receiving import receive
from geo_data.intakes import Intake
from geo_data.records import Stage
from geo_data.store import Store
from tests.geo_data.small_city import make_small_city, middle
from tests.stores import Stores

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
KEY = "0" * 64

HOTLINE = Intake.model_validate(
    {
        "key": "hotline",
        "tells": "incidents",
        "key-sha256": KEY,
        "channel": "hotline",
        "fields": {
            **{"source-id": "工单编号", "title": "标题", "category": "诉求类别"},
            **{"severity": "级别", "happened-at": "发生时间", "reported-at": "受理时间"},
            "address": "诉求地址",
        },
        "values": {"category": {"道路积水": "0406"}, "severity": {"一般": "4"}},
    }
)
CALL = {
    **{"工单编号": 2025070100123, "标题": "人民路积水", "诉求类别": "道路积水", "级别": "一般"},
    **{"发生时间": "2025/7/1 8:05", "受理时间": "2025-07-01 08:12:30", "诉求地址": "人民路"},
    "来电人": "王先生",
}
GRID = Intake.model_validate(
    {
        **{"key": "grid-steps", "source": "grid", "tells": "stages", "key-sha256-env": "GRID_KEY"},
        "fields": {"source-id": "taskNum", "stage": "act.state", "happened-at": "act.time"},
        "values": {"stage": {"派遣": "dispatched"}},
    }
)
GAUGE = Intake.model_validate(
    {
        **{"key": "water", "tells": "observations", "key-sha256": KEY},
        **{"unit": "kPa", "to-unit": "MPa"},
        "fields": {"sensor-code": "dev", "value": "data.press", "observed-at": "ts"},
        "values": {"sensor-code": {"862290": "s0"}},
    }
)
PAYLOAD = {"dev": "862290", "ts": 1751328000000, "data": {"press": 310, "batt": 88}}


def test_a_call_out_of_a_hotline_export() -> None:
    report = parse_incident(our_message(HOTLINE, CALL, ZONE), NOW)
    assert (report.source, report.source_id) == ("hotline", "2025070100123")
    assert (report.channel, report.category, int(report.severity)) == ("hotline", "0406", 4)
    assert report.happened_at == datetime(2025, 7, 1, 0, 5, tzinfo=UTC)
    assert report.reported_at == datetime(2025, 7, 1, 0, 12, 30, tzinfo=UTC)


def test_a_step_out_of_a_grid_system_belongs_to_the_other_intakes_case() -> None:
    row = {"taskNum": "T7", "act": {"state": "派遣", "time": "20250701083000"}}
    report = parse_stage(our_message(GRID, row, ZONE), NOW)
    assert (report.source, report.source_id, report.stage) == ("grid", "T7", Stage.DISPATCHED)
    assert report.happened_at == datetime(2025, 7, 1, 0, 30, tzinfo=UTC)


def test_a_gauge_in_other_units_and_with_a_clock_in_milliseconds() -> None:
    report = parse_reading(our_message(GAUGE, PAYLOAD, ZONE), NOW)
    assert (report.sensor_code, report.value) == ("s0", pytest.approx(0.31))
    assert report.observed_at == datetime(2025, 7, 1, tzinfo=UTC)


def test_times_are_meant_in_the_intakes_own_zone() -> None:
    utc = HOTLINE.model_copy(update={"timezone": "UTC"})
    told = our_message(utc, CALL | {"受理时间": "2025-07-01 00:12"}, ZONE)
    assert told["reported_at"] == datetime(2025, 7, 1, 0, 12, tzinfo=UTC)


def test_an_offset_that_is_written_wins() -> None:
    told = our_message(HOTLINE, CALL | {"受理时间": "2025-07-01T00:12:00Z"}, ZONE)
    assert told["reported_at"] == datetime(2025, 7, 1, 0, 12, tzinfo=UTC)


def test_a_word_in_no_dictionary_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="星际"):
        parse_incident(our_message(HOTLINE, CALL | {"诉求类别": "星际"}, ZONE), NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {"source-ib": "x"}}, "unknown-field"),
        ({"key-sha256-env": "BOTH"}, "intake-way"),
        ({"unit": "furlong", "to-unit": "cm"}, "unknown-units"),
        ({"timezone": "Asia/Songjiang"}, "unknown-timezone"),
    ],
)
def test_a_wrong_declaration_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Intake.model_validate({"key": "a", "tells": "incidents", "key-sha256": KEY} | changes)
    assert error.value.errors()[0]["ctx"]["fault"] == said


RUBBISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["2025-07-01 08:00", "9999-12-31T23:59:59", "0001-01-01", "1e400", "nan"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = [*HOTLINE.fields.values(), *GRID.fields.values(), *GAUGE.fields.values()]
NAMES += ["act", "data", "stages", "lon", "lat", "severity"]


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_small_city(module_stores.new())
    yield store
    store.close()


@settings(max_examples=60)
@given(messages=st.lists(st.dictionaries(st.sampled_from(NAMES), RUBBISH) | RUBBISH, max_size=8))
def test_rubbish_is_put_aside_and_never_stops_anything(store: Store, messages: list[Any]) -> None:
    for intake in (HOTLINE, GRID, GAUGE):
        found = receive(store, intake, messages, NOW)
        assert len(found) == len(messages)
        assert all(one.faults for one in found if one.status == "refused")


def test_what_cannot_be_read_is_kept_as_it_came_beside_what_can(store: Store) -> None:
    lon, lat = middle("t0g0")
    good = CALL | {"工单编号": "good", "lon": lon, "lat": lat}
    bad = {"工单编号": "bad\0", "标题": "\ud800"}
    found = receive(store, HOTLINE, [bad, good, good], NOW + timedelta(hours=1))
    assert [one.status for one in found] == ["refused", "accepted", "repeated"]
    letters = store.tables.dead_letters
    with store.read() as connection:
        last = connection.execute(select(letters).order_by(letters.c.id.desc())).first()
    assert last is not None
    assert last.source == "hotline"
    assert '"bad\\u0000"' in last.raw
    assert "source_id" in last.reason
