"""Windows: local days, long and short ones, and what is compared with what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo_data.records import Window
from indicators import windows

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
KEYS = st.sampled_from(windows.KEYS)


def local(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


def test_each_window_starts_where_people_expect() -> None:
    at = local(SHANGHAI, 2025, 3, 10, 14, 30)
    starts = {
        key: windows.window(key, at, SHANGHAI).start.astimezone(SHANGHAI) for key in windows.KEYS
    }
    assert {key: f"{start:%Y-%m-%d %H:%M}" for key, start in starts.items()} == {
        "today": "2025-03-10 00:00",
        "24h": "2025-03-09 14:30",
        "7d": "2025-03-04 00:00",
        "30d": "2025-02-09 00:00",
        "year": "2024-03-11 00:00",
    }


def test_previous_is_as_far_along() -> None:
    at = local(SHANGHAI, 2025, 3, 10, 14, 30)
    before = {key: windows.previous(key, at, SHANGHAI) for key in windows.KEYS}
    written = {
        key: f"{span.start.astimezone(SHANGHAI):%Y-%m-%d %H:%M} "
        f"{span.end.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        for key, span in before.items()
    }
    assert written == {
        "today": "2025-03-09 00:00 2025-03-09 14:30",
        "24h": "2025-03-08 14:30 2025-03-09 14:30",
        "7d": "2025-02-25 00:00 2025-03-03 14:30",
        "30d": "2025-01-10 00:00 2025-02-08 14:30",
        "year": "2023-03-11 00:00 2024-03-10 14:30",
    }


def test_days_with_the_clock_changed_are_whole_days() -> None:
    spring = windows.window("today", local(BERLIN, 2025, 3, 30, 23, 59), BERLIN)
    autumn = windows.window("today", local(BERLIN, 2025, 10, 26, 23, 59), BERLIN)
    assert spring.length == timedelta(hours=22, minutes=59)
    assert autumn.length == timedelta(hours=24, minutes=59)
    week = windows.edges("7d", local(BERLIN, 2025, 3, 31, 12), BERLIN)
    assert [edge.astimezone(BERLIN).hour for edge in week] == [0] * 7 + [12]
    assert week[6] - week[5] == timedelta(hours=23)


def test_midnight_sharp_is_the_end_of_the_day_before() -> None:
    at = local(SHANGHAI, 2025, 3, 10)
    assert windows.window("today", at, SHANGHAI) == Window(local(SHANGHAI, 2025, 3, 9), at)
    before = windows.previous("today", at, SHANGHAI)
    assert before == Window(local(SHANGHAI, 2025, 3, 8), local(SHANGHAI, 2025, 3, 9))


def test_a_leap_day_has_a_year_before() -> None:
    at = local(SHANGHAI, 2024, 2, 29, 9)
    span = windows.window("year", at, SHANGHAI)
    assert windows.days(span, SHANGHAI)[1] - windows.days(span, SHANGHAI)[0] + 1 == 366
    assert windows.previous("year", at, SHANGHAI).end == local(SHANGHAI, 2023, 2, 28, 9)


def test_days_touched() -> None:
    at = local(SHANGHAI, 2025, 3, 10, 0, 30)
    last = (datetime(2025, 3, 10) - datetime(1970, 1, 1)).days
    touched = {
        key: windows.days(windows.window(key, at, SHANGHAI), SHANGHAI) for key in windows.KEYS
    }
    assert touched == {
        "today": (last, last),
        "24h": (last - 1, last),
        "7d": (last - 6, last),
        "30d": (last - 29, last),
        "year": (last - 364, last),
    }


def test_unknown_window_and_naive_time_are_refused() -> None:
    with pytest.raises(KeyError, match="48h"):
        windows.window("48h", local(SHANGHAI, 2025, 1, 1), SHANGHAI)
    with pytest.raises(ValueError, match="time zone"):
        windows.window("7d", datetime(2025, 1, 1), SHANGHAI)


@given(KEYS, MOMENTS, ZONES)
def test_edges_cut_the_window_without_gap(key: str, at: datetime, zone: ZoneInfo) -> None:
    span = windows.window(key, at, zone)
    edges = windows.edges(key, at, zone)
    assert (edges[0], edges[-1]) == (span.start, span.end)
    assert all(earlier < later for earlier, later in pairwise(edges))
    # 25 hours only on the day on which the clock is put back.
    assert 1 <= len(edges) - 1 <= 25
    if key not in windows.HOURLY:
        inner = [edge.astimezone(zone) for edge in edges[:-1]]
        assert all((edge.hour, edge.minute) <= (1, 0) for edge in inner)


@given(KEYS, MOMENTS, ZONES)
@example("today", datetime(2015, 1, 1, 0, 0, 0, 1, tzinfo=UTC), ZoneInfo("UTC"))
def test_previous_ends_before_the_window_starts(key: str, at: datetime, zone: ZoneInfo) -> None:
    span, before = windows.window(key, at, zone), windows.previous(key, at, zone)
    assert before.end <= span.start
    days = [windows.days(one, zone) for one in (span, before)]
    lengths = [last - first for first, last in days]
    assert abs(lengths[0] - lengths[1]) <= 1
