"""What sources send is understood, or refused with everything that is wrong with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.faults import InputError
from geo_data.ingest.parse import (
    INCIDENT_FIELDS,
    READING_FIELDS,
    STAGE_FIELDS,
    parse_incident,
    parse_reading,
    parse_stage,
)
from geo_data.records import Severity, Stage
from geo_data.words import LANGUAGES

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)


def incident(**changes: object) -> dict[str, Any]:
    message: dict[str, Any] = {
        "source": "grid-app",
        "source_id": "A-1",
        "code": "SJ20250701001",
        "title": "暴露垃圾",
        "channel": "patrol",
        "category": "0102",
        "severity": 4,
        "happened_at": "2025-07-01T11:30:00+08:00",
        "reported_at": "2025-07-01T11:40:00+08:00",
        "lon": 121.22,
        "lat": 31.03,
    }
    return message | changes


def faults_of(message: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        parse_incident(message, NOW, row=7)
    for fault in caught.value.faults:
        assert fault.row == 7
        for language in LANGUAGES:
            assert fault.sentence(language)
    return {str(fault.field): fault.key for fault in caught.value.faults}


def test_a_whole_message_is_understood() -> None:
    stages = [{"stage": "found", "happened_at": "2025-07-01T03:30:00Z", "actor": "网格员"}]
    report = parse_incident(json.loads(json.dumps(incident(stages=stages))), NOW)
    assert report.severity is Severity.GENERAL
    assert report.happened_at == datetime(2025, 7, 1, 3, 30, tzinfo=UTC)
    assert report.stages[0].stage is Stage.FOUND
    assert (report.stages[0].source, report.stages[0].source_id) == ("grid-app", "A-1")


def test_the_number_people_quote_may_be_the_sources_own() -> None:
    assert parse_incident(incident(code=None), NOW).code == "A-1"


def test_null_and_empty_mean_nothing_was_said() -> None:
    report = parse_incident(incident(lon=None, lat=None, address="", region_code=None), NOW)
    assert (report.lon, report.address, report.region_code) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("chanel", "patrol", "stray-field"),
        ("title", None, "missing-field"),
        ("title", "   ", "missing-field"),
        ("title", 5, "not-text"),
        ("title", "\ud800", "not-text"),
        ("title", "长" * 2001, "too-long"),
        ("channel", "patroll", "unknown-term"),
        ("category", "9999", "unknown-term"),
        ("category", 102, "not-text"),
        ("severity", 5, "out-of-range"),
        ("severity", 0, "out-of-range"),
        ("severity", "4", "not-whole"),
        ("severity", True, "not-whole"),
        ("severity", 2.0, "not-whole"),
        ("severity", None, "missing-field"),
        ("lon", "121.2", "not-number"),
        ("lon", float("nan"), "endless-number"),
        ("lat", float("-inf"), "endless-number"),
        ("lon", 181, "out-of-range"),
        ("lat", 121.2, "out-of-range"),
        ("lat", 10**400, "out-of-range"),
        ("lat", None, "half-a-position"),
        ("happened_at", "yesterday", "not-a-time"),
        ("happened_at", 1751340000, "not-a-time"),
        ("happened_at", "2025-07-01T11:30:00", "naive-time"),
        ("happened_at", "1970-01-01T00:00:00Z", "too-early"),
        ("reported_at", "2025-07-02T04:00:01Z", "future-time"),
        ("reported_at", "9999-12-31T23:59:59-14:00", "future-time"),
        ("stages", "found", "not-list"),
        ("stages", {"stage": "found"}, "not-list"),
    ],
)
def test_a_bad_field_is_named(field: str, value: object, key: str) -> None:
    assert faults_of(incident(**{field: value})) == {field: key}


def test_a_clock_a_few_hours_ahead_is_let_pass() -> None:
    ahead = (NOW + timedelta(hours=23)).astimezone(timezone(timedelta(hours=8)))
    assert parse_incident(incident(reported_at=ahead.isoformat()), NOW).reported_at == ahead


def test_everything_wrong_is_told_at_once() -> None:
    stages: list[object] = [{"stage": "gone", "happened_at": "2025-07-01"}, 3, {"source": "x"}]
    found = faults_of(incident(title=None, lon=float("inf"), stages=stages))
    assert found == {
        "title": "missing-field",
        "lon": "endless-number",
        "stages[0].stage": "unknown-term",
        "stages[0].happened_at": "naive-time",
        "stages[1]": "not-object",
        "stages[2].source": "stray-field",
        "stages[2].stage": "missing-field",
        "stages[2].happened_at": "missing-field",
    }


def test_a_slip_of_the_pen_is_answered_with_what_was_meant() -> None:
    with pytest.raises(InputError) as caught:
        parse_incident(incident(channel="hotlin"), NOW)
    assert "hotline" in caught.value.sentences("en")[0]
    assert "hotline" in caught.value.sentences("zh-CN")[0]


def test_stage_and_reading_are_understood_and_refused_alike() -> None:
    step = {"source": "s", "source_id": "1", "stage": "closed", "happened_at": NOW}
    assert parse_stage(step, NOW).stage is Stage.CLOSED
    reading = {"sensor_code": "P1", "value": 3, "observed_at": "2025-07-01T04:00:00Z"}
    assert parse_reading(reading, NOW).value == 3.0
    with pytest.raises(InputError) as caught:
        parse_reading({"value": None, "observed_at": None, "metric": "x"}, NOW)
    assert len(caught.value.faults) == 4


SCRAPS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["2025-07-01T04:00:00Z", "closed", "patrol", "0102", "", "\ud800"])
)
STEPS = st.lists(
    SCRAPS | st.dictionaries(st.sampled_from([*STAGE_FIELDS, "other"]), SCRAPS, max_size=4),
    max_size=3,
)


@given(
    st.sampled_from(
        [
            (parse_incident, incident(), INCIDENT_FIELDS),
            (parse_stage, {"source": "s", "source_id": "1"}, STAGE_FIELDS),
            (parse_reading, {"sensor_code": "P1"}, READING_FIELDS),
        ]
    ),
    st.data(),
)
def test_no_json_gets_through_unchecked_and_none_breaks_the_parser(
    kind: tuple[Any, dict[str, Any], tuple[str, ...]], data: st.DataObject
) -> None:
    parse, good, names = kind
    fields = st.dictionaries(st.sampled_from([*names, "other"]), SCRAPS | STEPS, max_size=4)
    message = good | data.draw(fields)
    try:
        report = parse(message, NOW)
    except InputError as error:
        said = [error.sentences(language) for language in LANGUAGES]
    else:
        said = []
        assert set(message) <= set(names)
        assert report == parse(message, NOW)
    assert all(all(sentences) for sentences in said)
