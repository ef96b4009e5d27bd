"""Marks of another's table: whatever they are made of, they go back, are kept, and know now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.ingest.marks import Place, at, back, is_due, kind_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 7, 1, 12)
NOW = NOON.replace(tzinfo=SHANGHAI)
MARKS: list[tuple[Any, Any, Any]] = [
    (5_000, 4_000, 4_990),
    (Decimal("5000.5"), Decimal("4000.5"), Decimal("4990.5")),
    (NOON, NOON - timedelta(minutes=5), NOON - timedelta(seconds=10)),
    (NOW, NOW - timedelta(minutes=5), NOW - timedelta(seconds=10)),
    (NOON.date(), date(2026, 6, 30), date(2026, 6, 30)),
    ("2026-07-01 12:00:00", "2026-07-01 11:55:00", "2026-07-01 11:59:50"),
    ("2026-07-01T12:00:00.5+08:00", "2026-07-01T11:55:00", "2026-07-01T11:59:50"),
    ("2026/07/01 12:00", "2026/07/01 11:55", "2026/07/01 11:59"),
    ("20260701120000", "20260701115500", "20260701115950"),
    ("2026-07-01", "2026-06-30", "2026-06-30"),
]


@pytest.mark.parametrize(("mark", "usual", "ten"), MARKS)
def test_a_mark_goes_back_in_its_own_form(mark: Any, usual: Any, ten: Any) -> None:
    assert back(mark, None) == usual
    assert back(mark, 10) == ten
    # Whatever is as old as that is not before it, in the other database's order either.
    assert kind_of(usual) is not None
    assert back(mark, 0) <= mark


@pytest.mark.parametrize("mark", [mark for mark, _, _ in MARKS])
def test_a_mark_is_kept_as_it_came(mark: Any) -> None:
    place = Place("t · changed", mark, ("ab",))
    kept = Place.of_text(place.as_text(), "t · changed")
    assert kept == place
    assert kind_of(kept.mark) == kind_of(mark)
    assert Place.of_text(place.as_text(), "t · another") == Place("t · another")
    assert Place.of_text(None, "t · changed") == Place("t · changed")


@pytest.mark.parametrize("mark", [mark for mark, _, _ in MARKS if kind_of(mark) != "number"])
def test_what_is_of_the_future_is_known(mark: Any) -> None:
    assert is_due(mark, NOW, SHANGHAI)
    assert not is_due(mark, NOW - timedelta(days=1), SHANGHAI)
    assert is_due(at(NOW, mark, SHANGHAI), NOW, SHANGHAI)


def test_a_naive_mark_is_of_the_zone_that_was_declared() -> None:
    assert not is_due(NOON, NOW, ZoneInfo("UTC"))
    assert at(NOW, NOON, ZoneInfo("UTC")) == datetime(2026, 7, 1, 4)
    assert at(NOW, "2026-07-01T04:00:00Z", SHANGHAI) == "2026-07-01T04:00:00"


@pytest.mark.parametrize(
    "value", [None, True, float("nan"), "", "2026/7/1 8:05", "infinity", "0001234", b"7", "12:00"]
)
def test_what_cannot_mark(value: object) -> None:
    assert kind_of(value) is None


@given(st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)), st.integers(0, 10**6))
def test_texts_sort_like_their_times(moment: datetime, seconds: int) -> None:
    moment = moment.replace(microsecond=0)
    for like in ("2026-07-01 12:00:00", "2026/07/01 12:00", "20260701120000", "2026年07月01日"):
        text = at(moment.replace(tzinfo=UTC), like, UTC)
        assert back(text, seconds) <= text  # type: ignore[operator]
        assert is_due(text, moment.replace(tzinfo=UTC), UTC)
