"""Periods of the calendar: where they begin, and what they are compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.periods import CALENDAR, KEYS, MOST_BUCKETS, Period, is_period, period

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def local(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


def written(found: Period, zone: ZoneInfo = SHANGHAI) -> list[str]:
    spans = (found.window, found.before, found.year_before)
    return [
        f"{span.start.astimezone(zone):%Y-%m-%d %H:%M} {span.end.astimezone(zone):%Y-%m-%d %H:%M}"
        for span in spans
    ]


# Thursday, in the fourth quarter; an assessment year from November is in its first month.
AT = local(SHANGHAI, 2026, 11, 26, 14, 30)


@pytest.mark.parametrize(
    ("key", "first_month", "spans"),
    [
        (
            "this-week",
            1,
            [
                "2026-11-23 00:00 2026-11-26 14:30",
                "2026-11-16 00:00 2026-11-19 14:30",
                "2025-11-24 00:00 2025-11-27 14:30",
            ],
        ),
        (
            "this-month",
            1,
            [
                "2026-11-01 00:00 2026-11-26 14:30",
                "2026-10-01 00:00 2026-10-26 14:30",
                "2025-11-01 00:00 2025-11-26 14:30",
            ],
        ),
        (
            "this-quarter",
            1,
            [
                "2026-10-01 00:00 2026-11-26 14:30",
                "2026-07-01 00:00 2026-08-26 14:30",
                "2025-10-01 00:00 2025-11-26 14:30",
            ],
        ),
        (
            "this-year",
            1,
            [
                "2026-01-01 00:00 2026-11-26 14:30",
                "2025-01-01 00:00 2025-11-26 14:30",
                "2025-01-01 00:00 2025-11-26 14:30",
            ],
        ),
        (
            "assessment-year",
            11,
            [
                "2026-11-01 00:00 2026-11-26 14:30",
                "2025-11-01 00:00 2025-11-26 14:30",
                "2025-11-01 00:00 2025-11-26 14:30",
            ],
        ),
        (
            "assessment-year",
            12,
            [
                "2025-12-01 00:00 2026-11-26 14:30",
                "2024-12-01 00:00 2025-11-26 14:30",
                "2024-12-01 00:00 2025-11-26 14:30",
            ],
        ),
        (
            "2026-11-05..2026-11-11",
            1,
            [
                "2026-11-05 00:00 2026-11-12 00:00",
                "2026-10-29 00:00 2026-11-05 00:00",
                "2025-11-05 00:00 2025-11-12 00:00",
            ],
        ),
        # Whole months against as many months, though they are not as long.
        (
            "2026-02-01..2026-02-28",
            1,
            [
                "2026-02-01 00:00 2026-03-01 00:00",
                "2026-01-01 00:00 2026-02-01 00:00",
                "2025-02-01 00:00 2025-03-01 00:00",
            ],
        ),
        # Still running: as far along.
        (
            "2026-11-25..2026-12-31",
            1,
            [
                "2026-11-25 00:00 2026-11-26 14:30",
                "2026-11-23 00:00 2026-11-24 14:30",
                "2025-11-25 00:00 2025-11-26 14:30",
            ],
        ),
    ],
)
def test_a_period_and_what_it_is_compared_with(
    key: str, first_month: int, spans: list[str]
) -> None:
    assert written(period(key, AT, SHANGHAI, first_month)) == spans


def test_the_assessment_year_from_november_to_october() -> None:
    """The last second of October belongs to the year that ends, midnight too; then one begins."""

    def starts(*parts: int) -> str:
        found = period("assessment-year", local(SHANGHAI, *parts), SHANGHAI, first_month=11)
        return f"{found.window.start.astimezone(SHANGHAI):%Y-%m-%d}"

    assert starts(2026, 10, 31, 23, 59) == "2025-11-01"
    assert starts(2026, 11, 1, 0, 0) == "2025-11-01"
    assert starts(2026, 11, 1, 0, 1) == "2026-11-01"
    assert starts(2027, 2, 3) == "2026-11-01"
    whole = period("assessment-year", local(SHANGHAI, 2026, 11, 1), SHANGHAI, first_month=11)
    assert written(whole)[:2] == [
        "2025-11-01 00:00 2026-11-01 00:00",
        "2024-11-01 00:00 2025-11-01 00:00",
    ]
    assert len(whole.buckets) == 12


def test_the_31st_is_compared_with_the_last_of_a_shorter_month() -> None:
    march = period("this-month", local(SHANGHAI, 2026, 3, 31, 9), SHANGHAI)
    assert written(march)[1] == "2026-02-01 00:00 2026-02-28 09:00"
    leap = period("this-month", local(SHANGHAI, 2024, 2, 29, 9), SHANGHAI)
    assert written(leap)[2] == "2023-02-01 00:00 2023-02-28 09:00"


def test_weeks_with_the_clock_changed_are_weeks() -> None:
    """Berlin puts the clock forward on 2025-03-30 and back on 2025-10-26; Shanghai never does."""
    spring = period("this-week", local(BERLIN, 2025, 3, 30, 23), BERLIN)
    assert spring.window.length == timedelta(days=6, hours=22)
    assert [edge.astimezone(BERLIN).hour for edge in spring.edges[:-1]] == [0] * 7
    autumn = period("2025-10-26..2025-10-26", local(BERLIN, 2025, 11, 9), BERLIN)
    assert autumn.window.length == timedelta(hours=25)
    assert autumn.before.length == timedelta(hours=24)
    same = period("2025-10-26..2025-10-26", local(SHANGHAI, 2025, 11, 9), SHANGHAI)
    assert same.window.length == same.before.length == timedelta(hours=24)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "48h",
        "2026-02-30..2026-03-01",
        "2026-12-01..2026-12-31",
        "2026-11-05..2026-11-04",
        "2026-11-05",
        "0001-01-01..2026-01-01",
        "1990-01-01..2026-01-01",
        "2026-01-01..9999-12-31",
        "2026-1-5..2026-1-6",
    ],
)
def test_what_is_no_period_or_has_not_begun_is_refused(key: str) -> None:
    with pytest.raises(KeyError):
        period(key, AT, SHANGHAI)


def test_a_period_is_told_by_its_key() -> None:
    assert all(is_period(key) for key in KEYS)
    assert is_period("2027-01-01..2027-01-31")
    assert not is_period("2027-01-31..2027-01-01")
    with pytest.raises(ValueError, match="time zone"):
        period("this-week", datetime(2026, 1, 1), SHANGHAI)


@given(st.sampled_from(CALENDAR), MOMENTS, ZONES, st.integers(1, 12))
def test_edges_cut_a_period_without_gap_and_nothing_overlaps(
    key: str, at: datetime, zone: ZoneInfo, first_month: int
) -> None:
    found = period(key, at, zone, first_month)
    assert (found.edges[0], found.edges[-1]) == (found.window.start, found.window.end)
    assert list(found.edges) == sorted(set(found.edges))
    assert 1 <= len(found.buckets) <= MOST_BUCKETS
    assert found.before.end <= found.window.start
    assert found.year_before.end <= found.window.start
    starts = [edge.astimezone(zone) for edge in found.edges[:-1]]
    assert all((start.hour, start.minute) <= (1, 0) for start in starts)


@given(
    st.dates(datetime(2016, 1, 1).date(), datetime(2034, 1, 1).date()),
    st.integers(0, 900),
    MOMENTS,
    ZONES,
)
def test_two_days_make_a_period(first: object, length: int, at: datetime, zone: ZoneInfo) -> None:
    last = first + timedelta(length)  # type: ignore[operator]
    key = f"{first}..{last}"
    begins = datetime.fromisoformat(f"{first}").replace(tzinfo=zone)
    if begins.astimezone(UTC) >= at:
        with pytest.raises(KeyError):
            period(key, at, zone)
        return
    found = period(key, at, zone)
    assert found.window.end <= at
    assert found.before.end <= found.window.start
    assert len(found.buckets) <= MOST_BUCKETS
    assert found.edges[-1] == found.window.end
