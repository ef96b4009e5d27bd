"""Choosing cases: the list, its counts, the map and the counts beside the choices agree."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_data.ingest import Report, apply
from geo_data.queries import (
    CaseFilter,
    case_counts,
    chosen_counts,
    incident,
    incident_count,
    incidents,
    open_incident_points,
    region_tree,
)
from geo_data.queries.case_filter import STANDINGS
from geo_data.queries.case_lists import is_counted
from geo_data.records import Incident, Scope, Severity, Stage, Window
from geo_data.rollups import day_number, day_start
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, case, hours, step
from tests.geo_data.small_city import GRIDS, make_small_city, middle
from tests.stores import Stores

ALL = Scope.everything()
NOW = NOON + hours(41 * 24 + 4)
"""A Monday afternoon: working time passes."""
SPOTS = [*sorted(GRIDS), "t2", None]
CHANNELS = ["hotline", "patrol", "opinion"]
CATEGORIES = ["0102", "0108", "0504", "9901"]
LAST = [Stage.FOUND, Stage.FILED, Stage.DISPATCHED, Stage.SUSPENDED, Stage.CLOSED, Stage.VOIDED]


def reports() -> list[Report]:
    """Four hundred cases over forty days, half of them of the last one, at any step."""
    chance = random.Random(5)
    told: list[Report] = []
    for n in range(400):
        at_hour = chance.uniform(0, 987) if n % 2 else chance.uniform(972, 987)
        spot = SPOTS[n % len(SPOTS)]
        where: dict[str, object] = {"lon": 122.0, "lat": 32.0}
        if spot == "t2":
            where = {"region_code": "t2"}
        elif spot is not None:
            where = dict(zip(("lon", "lat"), middle(spot), strict=True))
        told.append(
            case(
                str(n),
                at_hour,
                channel=chance.choice(CHANNELS),
                category=chance.choice(CATEGORIES),
                severity=chance.choice(list(Severity)),
                **where,
            )
        )
        steps = LAST[: chance.randint(0, len(LAST))]
        told += [step(str(n), one, at_hour + 0.1 * (k + 1)) for k, one in enumerate(steps)]
    return told


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_small_city(module_stores.new())
    apply(store, reports(), NOW)
    yield store
    store.close()


@pytest.fixture(scope="module")
def everything(store: Store) -> list[Incident]:
    """Read one by one, to compare with."""
    found = [incident(store, ALL, number, NOW) for number in range(1, 401)]
    return [one for one in found if one is not None]


def stands(one: Incident, standing: str | None) -> bool:
    return {
        None: True,
        "open": one.ended_at is None,
        "closed": one.ended_at is not None,
        "overdue": one.is_overdue(NOW),
        "due-soon": one.is_due_soon(NOW),
    }[standing]


def wanted(
    store: Store, everything: list[Incident], region: str, window: Window, only: CaseFilter
) -> list[Incident]:
    codes = {*region_tree(store, ALL).subtree(region), *([None] if region == "c" else [])}
    found = [
        one
        for one in everything
        if one.region_code in codes
        and (only.is_of_open_cases or window.start <= one.reported_at)
        and one.reported_at < window.end
        and stands(one, only.standing)
        and only.channel in (None, one.channel)
        and one.category.startswith(only.category or "")
        and only.stage in (None, one.stage)
        and only.severity in (None, one.severity)
    ]
    if only.is_by_limit:
        return sorted(found, key=lambda one: (one.due_at or NOW, one.id))
    return sorted(found, key=lambda one: (one.reported_at, one.id), reverse=True)


filters = st.builds(
    CaseFilter,
    standing=st.none() | st.sampled_from(STANDINGS),
    channel=st.none() | st.sampled_from(CHANNELS),
    category=st.none() | st.sampled_from([*CATEGORIES, "01", "05", "%"]),
    stage=st.none() | st.sampled_from(LAST),
    severity=st.none() | st.sampled_from(Severity),
)
regions = st.sampled_from(["c", "t0", "t2", "t0g0"])
spans = st.sampled_from([1, 6, 29, 300])


def window_of(store: Store, days: int) -> Window:
    """A day to the millisecond, or local days as a page has them."""
    zone = store.city.zone
    start = day_start(day_number(NOW, zone) - days, zone) if days > 1 else NOW - timedelta(1)
    return Window(start, NOW)


def test_there_is_something_of_everything(everything: list[Incident]) -> None:
    for standing in STANDINGS:
        assert sum(stands(one, standing) for one in everything) > 1
    assert any(one.lon is None for one in everything)


@given(filters, regions, spans)
@settings(max_examples=60)
def test_a_list_and_its_count(
    store: Store, everything: list[Incident], only: CaseFilter, region: str, days: int
) -> None:
    window = window_of(store, days)
    found = wanted(store, everything, region, window, only)
    assert incidents(store, ALL, region, window, NOW, limit=500, only=only) == found
    assert incidents(store, ALL, region, window, NOW, limit=3, offset=2, only=only) == found[2:5]
    assert incident_count(store, ALL, region, window, NOW, only) == len(found)


@given(filters, regions, spans)
@settings(max_examples=25)
def test_every_count_is_what_a_click_would_list(
    store: Store, only: CaseFilter, region: str, days: int
) -> None:
    window = window_of(store, days)
    counts = case_counts(store, ALL, region, window, NOW, only)

    def listed(**chosen: object) -> int:
        wanted = replace(only, **chosen)
        return len(incidents(store, ALL, region, window, NOW, limit=500, only=wanted))

    for standing, n in counts.standing.items():
        if n is None:
            assert standing == "closed"
            assert not is_counted(window, replace(only, standing="closed"))
        else:
            assert n == listed(standing=standing)
    for name, keys in {"channel": CHANNELS, "category": CATEGORIES}.items():
        counted = getattr(counts, name)
        if counted is not None:
            found = {key: listed(**{name: key}) for key in keys}
            assert {key: counted.get(key, 0) for key in keys} == found
            assert sum(counted.values()) == sum(found.values())
    if counts.severity is not None:
        for severity in Severity:
            assert counts.severity.get(str(int(severity)), 0) == listed(severity=severity)
    if counts.stage is not None:
        for stage in Stage:
            assert counts.stage.get(stage, 0) == listed(stage=stage)
    if days == 1 or only.is_of_open_cases:
        assert None not in (counts.channel, counts.category, counts.severity, counts.stage)


def test_long_windows_are_counted_by_the_rollups(store: Store) -> None:
    """One trait alone is known of any window; beyond that nobody reads a year for a chip."""
    counts = case_counts(store, ALL, "t0", window_of(store, 300), NOW)
    assert counts.stage is None
    assert None not in (counts.channel, counts.category, counts.severity)
    chosen = case_counts(
        store, ALL, "t0", window_of(store, 300), NOW, CaseFilter(channel="hotline")
    )
    assert chosen.channel == counts.channel
    assert chosen.category is None


@given(filters.filter(lambda only: not only.is_empty), regions, spans)
@settings(max_examples=40)
def test_the_map_draws_the_list(
    store: Store, everything: list[Incident], only: CaseFilter, region: str, days: int
) -> None:
    window = window_of(store, days)
    found = wanted(store, everything, "c", window, only)
    points = open_incident_points(store, ALL, NOW, window, only)
    assert points.id.tolist() == sorted(one.id for one in found if one.lon is not None)
    drawn = chosen_counts(store, ALL, region, window, NOW, only)
    here = wanted(store, everything, region, window, only)
    assert sum(drawn.by_severity.values()) + drawn.unplaced == len(here)
    assert drawn.unplaced == sum(one.lon is None for one in here)
    assert drawn.is_whole


def test_more_than_can_be_drawn_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo_data.queries.open_cases.MOST", 10)
    drawn = chosen_counts(store, ALL, "c", window_of(store, 300), NOW, CaseFilter(channel="patrol"))
    assert not drawn.is_whole
    assert sum(drawn.by_severity.values()) + drawn.unplaced == 10


def test_a_limit_passes_though_nothing_is_told(store: Store, everything: list[Incident]) -> None:
    """The clock alone makes a case overdue."""
    soon = [one for one in everything if one.is_due_soon(NOW)]
    last = max(one.due_at for one in soon if one.due_at)
    later = last + timedelta(milliseconds=1)
    only = CaseFilter(standing="overdue")
    window = Window(NOW - timedelta(1), later)
    found = incidents(store, ALL, "c", window, later, limit=500, only=only)
    assert {one.id for one in soon} <= {one.id for one in found}


@given(filters)
def test_a_filter_survives_its_address(only: CaseFilter) -> None:
    assert CaseFilter.read(only.said()) == only
