"""Thresholds are changed while the program runs: they hold at once, and who changed them stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from time import monotonic, sleep

import pytest

from geo_data.faults import InputError
from geo_data.ingest import apply
from geo_data.records import Scope
from geo_data.store import Store, open_store
from indicators import engine, threshold_book
from indicators.thresholds import shipped
from tests.geo_data.lived_city import NOON, case, hours, opened
from tests.geo_data.small_city import make_small_city
from tests.stores import Stores, address_of

KEY = "open-incidents"
DAY = date(2025, 6, 30)
ROW = {
    "rule": ">",
    "yellow": 1,
    "basis": {"zh": "测试", "en": "test"},
    "verified": True,
    "source": "test",
}
BY = {"who": "张三", "note": "按区考核办法"}


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    with opened(make_small_city(stores.new())) as store:
        apply(store, [case(str(n), n, region_code="t0g0") for n in range(3)], NOON + hours(3))
        yield store


def soon(is_so: Callable[[], bool]) -> None:
    """Another process hears of a commit a moment later."""
    until = monotonic() + 10
    while not is_so():
        assert monotonic() < until
        sleep(0.01)


def status(store: Store, after: float) -> str:
    found = engine.board(store, Scope.everything(), "t0", "24h", NOON + hours(after))
    return {value.key: value.status for value in found}[KEY]


def test_a_change_judges_the_next_board_in_every_process(store: Store) -> None:
    with opened(open_store(address_of(store))) as other:
        assert (status(store, 4), status(other, 4)) == ("none", "none")
        threshold_book.put(store, KEY, DAY, ROW, at=NOON + hours(4), **BY)
        assert status(store, 4) == "yellow"
        soon(lambda: status(other, 4) == "yellow")
        red = {**ROW, "yellow": 1, "red": 2}
        threshold_book.put(other, KEY, DAY, red, at=NOON + hours(5), **BY)
        assert status(other, 6) == "red"
        soon(lambda: status(store, 6) == "red")
        # Who looks back sees it judged as it was judged then.
        assert status(store, 4.5) == "yellow"
        assert status(store, 3.5) == "none"


def test_a_row_holds_from_its_day_on(store: Store) -> None:
    threshold_book.put(store, KEY, date(2025, 7, 2), ROW, at=NOON + hours(4), **BY)
    # 2025-07-01, and the day after.
    assert status(store, 5) == "none"
    assert status(store, 13) == "yellow"


def test_everything_is_written_down(store: Store) -> None:
    at = NOON + hours(4)
    threshold_book.put(store, KEY, DAY, ROW, at=at, **BY)
    threshold_book.put(store, KEY, DAY, {**ROW, "yellow": 9}, at=at + hours(1), who="李四")
    threshold_book.remove(store, KEY, DAY, at=at + hours(2), who="王五", note="试用结束")
    found = threshold_book.changes(store, KEY)
    assert [(one.who, one.note, one.at) for one in found] == [
        ("王五", "试用结束", at + hours(2)),
        ("李四", "", at + hours(1)),
        ("张三", "按区考核办法", at),
    ]
    limits = [(one.before and one.before.yellow, one.after and one.after.yellow) for one in found]
    assert limits == [(9.0, None), (1.0, 9.0), (None, 1.0)]
    assert status(store, 7) == "none"
    assert threshold_book.changes(store, "pm25") == []


def test_shipped_rows_are_changed_like_any_other(store: Store) -> None:
    (row,) = shipped().rows()["rework-rate"]
    at, day = NOON + hours(4), row.effective_from
    threshold_book.put(store, "rework-rate", day, {**ROW, "yellow": 3}, at=at, **BY)
    held = threshold_book.in_force(store, at).at("rework-rate", DAY)
    before = threshold_book.in_force(store, at - timedelta(seconds=1)).at("rework-rate", DAY)
    assert held is not None
    assert (held.yellow, before) == (3.0, row)
    threshold_book.remove(store, "rework-rate", day, at=at + hours(1), who="张三")
    assert threshold_book.in_force(store, at + hours(1)).at("rework-rate", DAY) is None
    # Others stay as they were shipped.
    assert threshold_book.in_force(store, at).rows()["pm25"] == shipped().rows()["pm25"]


@pytest.mark.parametrize(
    ("change", "key", "field"),
    [
        ({"rule": "=>"}, "bad-value", "rule"),
        ({"yellow": None}, "threshold-none", None),
        ({"red": 0}, "threshold-order", None),
        ({"purple": 3}, "unknown-key", "purple"),
        ({"source": ""}, "bad-value", "source"),
    ],
)
def test_a_wrong_row_is_refused_and_nothing_changes(
    store: Store, change: dict[str, object], key: str, field: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        threshold_book.put(store, KEY, DAY, {**ROW, **change}, at=NOON + hours(4), **BY)
    assert [(fault.key, fault.field) for fault in caught.value.faults] == [(key, field)]
    assert threshold_book.changes(store) == []


def test_who_and_what_must_be_known(store: Store) -> None:
    at = NOON + hours(4)
    for key, who, fault in ((KEY, "  ", "amend-who"), ("magic", "张三", "unknown-indicator")):
        with pytest.raises(InputError) as caught:
            threshold_book.put(store, key, DAY, ROW, at=at, who=who)
        assert caught.value.faults[0].key == fault
    with pytest.raises(InputError) as caught:
        threshold_book.remove(store, KEY, DAY, at=at, who="张三")
    assert caught.value.faults[0].key == "no-threshold"
    with pytest.raises(InputError) as caught:
        threshold_book.put(store, KEY, DAY, ROW, at=at, who="张三", note="x" * 401)
    assert caught.value.faults[0].key == "amend-note"
