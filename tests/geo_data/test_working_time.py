"""Working hours against a clerk who walks the days one by one, and there and back again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from chinese_calendar import is_workday
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geo_data.case_clock import AHEAD, case_clock
from geo_data.faults import InputError
from geo_data.time_limits import default_limits
from geo_data.working_calendar import WEEKDAYS, WorkingCalendar, with_days
from geo_data.working_time import DAY_MS, HOUR_MS, WorkingTime, day_numbers

SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH = date(1970, 1, 1)
CHINA = WorkingCalendar().working_time("Asia/Shanghai")
DAYS = st.dates(date(2001, 1, 1), date(2035, 12, 31))
HOURS = st.sampled_from([("09:00-17:00",), ("08:30-11:30", "13:00-17:30"), ("00:00-24:00",)])
CALENDARS = st.builds(
    WorkingCalendar,
    hours=HOURS,
    weekend=st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True),
    holidays=st.sampled_from(["china", "none"]),
    extra_holidays=st.lists(DAYS, max_size=4),
    extra_workdays=st.lists(DAYS, max_size=4),
)
INSTANTS = st.lists(st.integers(8 * 10**11, 23 * 10**11), min_size=1, max_size=20)


def worked(hours: WorkingTime, day: date) -> bool:
    """Whether the clock moves on a day."""
    start = (day - EPOCH).days * DAY_MS - 8 * HOUR_MS
    shown = hours.elapsed_ms(np.array([start, start + DAY_MS]), np.ones(2, dtype=bool))
    return bool(shown[1] > shown[0])


def test_spring_festival_of_2026_and_the_weekends_that_pay_for_it() -> None:
    off = [date(2026, 2, 15) + timedelta(days=n) for n in range(9)]
    assert not any(worked(CHINA, day) for day in off)
    assert worked(CHINA, date(2026, 2, 14))
    assert worked(CHINA, date(2026, 2, 28))
    assert worked(CHINA, date(2026, 2, 24))


def test_every_day_of_three_years_is_as_the_state_council_says() -> None:
    for n in range(3 * 365):
        day = date(2024, 1, 1) + timedelta(days=n)
        assert worked(CHINA, day) == is_workday(day), day


def test_beyond_the_last_known_year_days_are_plain_weekdays() -> None:
    for n in range(400):
        day = date(2027, 1, 1) + timedelta(days=n)
        assert worked(CHINA, day) == (day.weekday() < 5)


@given(CALENDARS, DAYS)
def test_days_are_worked_as_declared(calendar: WorkingCalendar, day: date) -> None:
    expected = WEEKDAYS[day.weekday()] not in calendar.weekend
    if calendar.holidays == "china" and date(2004, 1, 1) <= day <= date(2026, 12, 31):
        special = is_workday(day) != (day.weekday() < 5)
        # A day named in the lists of the State Council; its weekend rule is not ours.
        if special:
            expected = is_workday(day)
        elif WEEKDAYS[day.weekday()] not in calendar.weekend and day.weekday() > 4:
            return
    expected = (expected and day not in calendar.extra_holidays) or day in calendar.extra_workdays
    assert worked(calendar.working_time("Asia/Shanghai"), day) == expected


@given(CALENDARS, INSTANTS, st.sampled_from(["Asia/Shanghai", "Asia/Tokyo"]))
def test_the_clock_reads_back_what_it_showed(
    calendar: WorkingCalendar, instants: list[int], timezone: str
) -> None:
    hours = calendar.working_time(timezone)
    at = np.sort(np.array(instants, dtype=np.int64))
    flags = np.ones(len(at), dtype=bool)
    shown = hours.elapsed_ms(at, flags)
    assert (np.diff(shown) >= 0).all()
    assert (np.diff(shown) <= np.diff(at)).all()
    again = hours.instant_ms(shown, flags)
    assert (hours.elapsed_ms(again, flags) == shown).all()
    assert (again <= at).all()


@given(st.lists(st.integers(-(10**11), 4 * 10**12), min_size=1, max_size=20), st.booleans())
def test_far_from_every_list_and_across_summer_time(instants: list[int], working: bool) -> None:
    for timezone in ("America/New_York", "Asia/Shanghai"):
        hours = WorkingCalendar().working_time(timezone)
        at = np.array(instants, dtype=np.int64)
        flags = np.full(len(at), working)
        shown = hours.elapsed_ms(at, flags)
        again = hours.instant_ms(shown, flags)
        assert (hours.elapsed_ms(again, flags) == shown).all()
        assert (again <= at).all()


def test_other_countries_keep_no_holidays_of_china() -> None:
    national_day = date(2025, 10, 1)
    assert not worked(CHINA, national_day)
    for calendar, timezone in (
        (WorkingCalendar(holidays="none"), "Asia/Shanghai"),
        (WorkingCalendar(), "Asia/Tokyo"),
    ):
        assert worked(calendar.working_time(timezone), national_day)
        assert calendar.last_known_day(timezone) is None


def test_what_is_not_known_is_said_in_time() -> None:
    clock = case_clock(WorkingCalendar(), default_limits(), "Asia/Shanghai")
    end = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert clock.known_until == date(2026, 12, 31)
    assert clock.notices(end - AHEAD) == []
    (notice,) = clock.notices(end - AHEAD + timedelta(minutes=2))
    assert "2026-12-31" in notice.reason("en")
    declared = WorkingCalendar(known_until=date(2027, 12, 31))
    assert case_clock(declared, default_limits(), "Asia/Shanghai").notices(end) == []


def test_a_file_of_days_is_read_into_the_calendar(tmp_path: Path) -> None:
    rows = "date,kind\n2027-01-01,holiday\n2027/1/3,班\n"
    (tmp_path / "days.csv").write_text(rows, encoding="utf-8-sig")
    calendar = with_days(WorkingCalendar(days=Path("days.csv")), tmp_path)
    assert calendar.days is None
    hours = calendar.working_time("Asia/Shanghai")
    assert not worked(hours, date(2027, 1, 1))
    assert worked(hours, date(2027, 1, 3))
    (tmp_path / "days.csv").write_text("date,kind\n2027-02-30,holiday\n2027-01-01,feast\n")
    with pytest.raises(InputError) as error:
        with_days(WorkingCalendar(days=Path("days.csv")), tmp_path)
    assert [fault.row for fault in error.value.faults] == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": ["9-17"]},
        {"hours": ["17:00-09:00"]},
        {"hours": ["09:00-12:00", "11:00-17:00"]},
        {"hours": []},
        {"hours": ["09:00-24:30"]},
        {"weekend": list(WEEKDAYS)},
    ],
)
def test_a_calendar_by_which_nothing_ends_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorkingCalendar.model_validate(wrong)


def test_a_million_cases_take_a_moment_not_a_loop() -> None:
    """Every row of a large column is worked out as if it were alone."""
    at = np.arange(1_500_000_000_000, 1_790_000_000_000, 9_999_999_937)
    flags = np.ones(len(at), dtype=bool)
    together = CHINA.elapsed_ms(at, flags)
    alone = [int(CHINA.elapsed_ms(at[n : n + 1], flags[:1])[0]) for n in range(len(at))]
    assert together.tolist() == alone
    assert (day_numbers(at, SHANGHAI) >= 0).all()
