"""When scheduled exports are due, on the city's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.city import read_city
from geo_data.faults import InputError
from geo_data.schedules import DAYS, Schedule

UTC = ZoneInfo("UTC")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def schedule(**more: Any) -> Schedule:
    told = {"key": "m", "at": "07:30", "folder": Path(), "ask": {"format": "csv"}} | more
    return Schedule.model_validate(told)


@given(
    now=MOMENTS,
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_the_last_time_due_is_of_its_day_and_hour_and_no_later_one_is(
    now: datetime, days: set[str], zone: str
) -> None:
    clock = ZoneInfo(zone)
    one = schedule(days=sorted(days))
    due = one.due(now, clock)
    assert due is not None
    assert due <= now
    assert (due.hour, due.minute, DAYS[due.weekday()] in days) == (7, 30, True)
    between = [due.date() + timedelta(days=n) for n in range(1, 9)]
    later = [datetime(day.year, day.month, day.day, 7, 30, tzinfo=clock) for day in between]
    assert not [at for at in later if at <= now and DAYS[at.weekday()] in days]


@pytest.mark.parametrize(
    ("now", "more", "due"),
    [
        ("2026-11-26T10:00", {"dates": (1,)}, "2026-11-01T07:30"),
        ("2026-11-01T07:29", {"dates": (1,)}, "2026-10-01T07:30"),
        ("2026-11-26T10:00", {"dates": (1,), "months": (1, 4, 7, 10)}, "2026-10-01T07:30"),
        ("2026-11-26T10:00", {"dates": (1,), "months": (1,)}, "2026-01-01T07:30"),
        ("2026-11-26T10:00", {"dates": (31,)}, "2026-10-31T07:30"),
        ("2026-11-26T10:00", {"days": ("mon",), "dates": (1,)}, "2026-06-01T07:30"),
    ],
)
def test_days_of_the_month_and_months(now: str, more: dict[str, Any], due: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = schedule(**more).due(datetime.fromisoformat(now).replace(tzinfo=zone), zone)
    assert found == datetime.fromisoformat(due).replace(tzinfo=zone)


CITY = """
[[exports]]
key = "morning"
at = "{at}"
folder = "reports"
ask = {{ {ask} }}
"""


@pytest.mark.parametrize(
    ("at", "ask", "key", "field"),
    [
        ("7:30", 'format = "csv"', "bad-value", "exports.1.at"),
        ("07:30", 'format = "docx"', "export-ask", "exports.1.ask"),
        ("07:30", 'format = "odt"', "export-ask", "exports.1.ask"),
        ("07:30", 'format = "pdf", secrecy-tem = "x"', "export-ask", "exports.1.ask"),
        ("07:30", 'format = "pdf", at = "2025-01-01T00:00:00Z"', "export-ask", "exports.1.ask"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_its_place(
    example_city: Path, tmp_path: Path, at: str, ask: str, key: str, field: str
) -> None:
    path = tmp_path / "city.toml"
    path.write_text(example_city.read_text() + CITY.format(at=at, ask=ask), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_city(path)
    (fault,) = caught.value.faults
    assert (fault.key, fault.field) == (key, field)


def test_its_folder_lies_beside_the_city_file(example_city: Path, tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    text = CITY.format(at="07:30", ask='format = "csv", secrecy-term = ""')
    path.write_text(example_city.read_text() + text, encoding="utf-8")
    (one,) = read_city(path).exports
    assert one.folder == tmp_path / "reports"
    path.write_text(example_city.read_text() + text + text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_city(path)
    assert caught.value.faults[0].key == "exports-alike"
