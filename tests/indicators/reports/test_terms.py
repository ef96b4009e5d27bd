"""Periods of reports: how they are written, where they end, and what is no period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.faults import InputError
from indicators.periods import period
from indicators.reports import Kind, term
from indicators.reports.terms import EXAMPLES, key_of

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
AT = datetime(2026, 11, 26, 2, tzinfo=UTC)


@given(st.sampled_from(list(Kind)), st.dates(date(1972, 1, 1), date(2026, 11, 26)))
def test_a_key_leads_back_to_its_period(kind: Kind, day: date) -> None:
    found = term(kind, key_of(kind, day), AT, SHANGHAI)
    assert found.first <= day <= found.last
    assert found.key == key_of(kind, day)
    assert term(kind, str(day), AT, SHANGHAI) == found
    assert found.is_running == (found.last >= date(2026, 11, 26))


@given(st.sampled_from(list(Kind)), st.dates(date(1972, 1, 2), date(2026, 11, 1)))
def test_a_period_begins_where_the_one_before_ends(kind: Kind, day: date) -> None:
    found = term(kind, str(day), AT, SHANGHAI)
    before = term(kind, str(found.first - timedelta(1)), AT, SHANGHAI)
    assert before.last == found.first - timedelta(1)


def test_the_engine_knows_every_period() -> None:
    for kind, example in EXAMPLES.items():
        found = term(kind, example, AT, SHANGHAI)
        span = period(found.window, AT, SHANGHAI)
        assert span.window.start.astimezone(SHANGHAI).date() == found.first
    running = term(Kind.MONTHLY, "2026-11", AT, SHANGHAI)
    assert period(running.window, AT, SHANGHAI).window.end == AT


def test_a_week_in_which_the_clock_is_put_back_has_an_hour_more() -> None:
    at = datetime(2026, 11, 9, 12, tzinfo=UTC)
    found = term(Kind.WEEKLY, "2026-W44", at, NEW_YORK)
    assert (found.first, found.last) == (date(2026, 10, 26), date(2026, 11, 1))
    assert period(found.window, at, NEW_YORK).window.length == timedelta(hours=7 * 24 + 1)


def test_an_empty_request_is_the_last_period_that_is_over() -> None:
    # On the first of January everything before is over.
    at = datetime(2026, 12, 31, 16, tzinfo=UTC)
    keys = [term(kind, None, at, SHANGHAI).key for kind in Kind]
    assert keys == ["2026-12-31", "2026-W52", "2026-12", "2026-Q4", "2026"]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (Kind.DAILY, "2026-02-30"),
        (Kind.WEEKLY, "2026-W60"),
        (Kind.MONTHLY, "2026-13"),
        (Kind.QUARTERLY, "2026-Q5"),
        (Kind.YEARLY, "26"),
        (Kind.YEARLY, "0000"),
        (Kind.MONTHLY, "last"),
        (Kind.MONTHLY, "2026-12"),
        (Kind.DAILY, "2026-11-27"),
    ],
)
def test_what_is_no_period_is_told(kind: Kind, asked: str) -> None:
    with pytest.raises(InputError) as caught:
        term(kind, asked, AT, SHANGHAI)
    assert asked in caught.value.faults[0].sentence("zh-CN")
