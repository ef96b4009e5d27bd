"""Counts of what is drawn, followed by the change log, against a count of the points themselves."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from geo_data.ingest import Report, apply
from geo_data.queries import drawn_counts, open_incident_points, region_tree
from geo_data.records import Scope, Severity, Stage, Window
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, case, hours, opened, step
from tests.geo_data.small_city import GRIDS, middle
from tests.stores import Address, Stores

ALL = Scope.everything()
CODES = ("c", "t0", "t1", "t2", "t0g0", "t2g1", "f")
NOW = NOON + hours(300)
NARROW, WIDE = Window(NOW - hours(24), NOW), Window(NOW - hours(600), NOW)


@pytest.fixture
def store(lived_store: Store) -> Store:
    return lived_store


def recounted(
    store: Store, scope: Scope, code: str, at: datetime, window: Window
) -> dict[Severity, int]:
    """The same out of the points as they travel to a map."""
    tree = region_tree(store, scope)
    inside: set[str | None] = set(tree.subtree(code)) if tree.get(code) else set()
    if tree.is_whole_city and code == tree.root.code:
        inside.add(None)
    points = open_incident_points(store, scope, at, window)
    pairs = zip(points.region_codes, points.severity.tolist(), strict=True)
    found = Counter(severity for region, severity in pairs if region in inside)
    return {severity: found[int(severity)] for severity in Severity}


def assert_same(store: Store, at: datetime = NOW) -> None:
    for window in (NARROW, WIDE):
        for scope, codes in ((ALL, CODES), (Scope(region_code="t1"), ("t1", "t1g0", "t0", "c"))):
            for code in codes:
                expected = recounted(store, scope, code, at, window)
                assert drawn_counts(store, scope, code, at, window) == expected, (scope, code)


def test_every_case_drawn_is_counted_once(store: Store) -> None:
    ended = [step("0", Stage.CLOSED, 280), step("1", Stage.CLOSED, 281)]
    lon, lat = middle("t0g0")
    worse = case("0", 279, severity=Severity.MAJOR, lon=lon, lat=lat)
    apply(store, [*ended, worse], NOON + hours(290))
    assert_same(store)
    whole = drawn_counts(store, ALL, "c", NOW, WIDE)
    assert (whole[Severity.MAJOR], sum(whole.values())) == (1, 11)
    outside = sum(whole.values()) - sum(
        sum(drawn_counts(store, ALL, town, NOW, WIDE).values()) for town in ("t0", "t1", "t2")
    )
    assert outside == 1


def test_a_case_without_a_place_is_not_counted(store: Store) -> None:
    before = drawn_counts(store, ALL, "t0", NOW, WIDE)
    apply(store, [case("nowhere", 290, region_code="t0g0")], NOON + hours(291))
    assert drawn_counts(store, ALL, "t0", NOW, WIDE) == before
    assert_same(store)


def test_as_known_at_an_earlier_time(store: Store) -> None:
    before = {code: drawn_counts(store, ALL, code, NOW, WIDE) for code in CODES}
    lon, lat = middle("t0g0")
    late = [step(str(number), Stage.CLOSED, 20) for number in range(5)]
    apply(store, [*late, case("late", 21, lon=lon, lat=lat)], NOW + hours(1))
    assert {code: drawn_counts(store, ALL, code, NOW, WIDE) for code in CODES} == before
    assert_same(store)


def test_a_log_that_was_cut_is_no_obstacle(store: Store) -> None:
    lon, lat = middle("t0g0")
    drawn_counts(store, ALL, "c", NOW, WIDE)
    for number in range(2):
        fresh = case(f"new{number}", 290 + number, lon=lon, lat=lat)
        apply(store, [fresh], NOON + hours(291 + number))
    with store.write() as connection:
        changes = store.tables.changes
        last = connection.execute(changes.select().order_by(changes.c.seq.desc())).first()
        assert last is not None
        connection.execute(delete(changes).where(changes.c.seq < last.seq))
    assert_same(store)
    assert sum(drawn_counts(store, ALL, "t0g0", NOW, WIDE).values()) == 3


def test_what_slid_out_of_a_window_is_noticed_within_ten_minutes(store: Store) -> None:
    apply(store, [step("0", Stage.CLOSED, 1)], NOON + hours(13))

    def counted(at: datetime) -> int:
        window = Window(at - timedelta(hours=24), at)
        return sum(drawn_counts(store, ALL, "t0g0", at, window).values())

    end = NOON + hours(24)
    assert counted(end - timedelta(minutes=1)) == 1
    assert counted(end + timedelta(minutes=10)) == 0


HOURS = st.integers(-100, 299)
NUMBERS = st.integers(0, 7).map(str)
PLACES = st.sampled_from([*map(middle, sorted(GRIDS)), (122.0, 32.0), (None, None)])
REPORTS: st.SearchStrategy[Report] = st.one_of(
    st.builds(
        lambda number, hour, place, severity: case(
            number, hour, lon=place[0], lat=place[1], severity=severity
        ),
        NUMBERS,
        HOURS,
        PLACES,
        st.sampled_from(Severity),
    ),
    st.builds(
        step,
        NUMBERS,
        st.sampled_from([Stage.ACCEPTED, Stage.REWORKED, Stage.CLOSED, Stage.VOIDED]),
        HOURS,
    ),
)


@given(st.lists(st.lists(REPORTS, min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_followed_as_recounted(
    lived_city: Address, stores: Stores, batches: list[list[Report]]
) -> None:
    with opened(open_store(stores.copy(lived_city))) as store:
        assert_same(store)
        for batch in batches:
            apply(store, batch, NOW)
            assert_same(store)
