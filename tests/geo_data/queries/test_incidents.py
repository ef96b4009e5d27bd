"""Cases of a region: newest first, whole or open, whatever the number of regions below it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest

from geo_data.ingest import Report, apply
from geo_data.queries import (
    CaseFilter,
    incident,
    incident_count,
    incidents,
    incidents_of_place,
    open_by_region,
    open_incident_points,
    region_tree,
    stages,
)
from geo_data.records import Incident, Scope, Severity, Stage, Window
from geo_data.store import Store
from tests.geo_data.lived_city import NOON, case, hours, step, write_areas, write_homes
from tests.geo_data.small_city import GRIDS, make_small_city, middle
from tests.stores import Stores

ALL = Scope.everything()
NOW = NOON + timedelta(days=40)
YEAR = Window(NOW - timedelta(days=300), NOW + hours(1))
SPOTS = [*sorted(GRIDS), "t2", None]
OPEN = CaseFilter(standing="open")
REGIONS = ["c", "t0", "t1", "t2", "t0g0", "t2g1"]


def reports() -> list[Report]:
    """Three hundred cases over forty days, everywhere, half of them closed."""
    chance = random.Random(7)
    told: list[Report] = []
    for n in range(300):
        spot, at_hour = SPOTS[n % len(SPOTS)], chance.uniform(0, 40 * 24)
        where: dict[str, object] = {"lon": 122.0, "lat": 32.0}
        if spot == "t2":
            where = {"region_code": "t2"}
        elif spot is not None:
            where = dict(zip(("lon", "lat"), middle(spot), strict=True))
        told.append(
            case(
                str(n),
                at_hour,
                channel=chance.choice(["hotline", "patrol"]),
                category=chance.choice(["0102", "0108", "0504"]),
                severity=chance.choice(list(Severity)[2:]),
                **where,
            )
        )
        told.append(step(str(n), Stage.DISPATCHED, at_hour + 0.5))
        if chance.random() < 0.5:
            told.append(step(str(n), Stage.CLOSED, at_hour + chance.uniform(1, 100)))
    return told


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_small_city(module_stores.new())
    write_areas(store)
    write_homes(store)
    apply(store, reports(), NOW)
    yield store
    store.close()


@pytest.fixture(scope="module")
def everything(store: Store) -> list[Incident]:
    """Read one by one, to compare with."""
    found = [incident(store, ALL, number, NOW) for number in range(1, 301)]
    return [one for one in found if one is not None]


def wanted(store: Store, everything: list[Incident], region: str) -> list[Incident]:
    codes = {*region_tree(store, ALL).subtree(region), *([None] if region == "c" else [])}
    newest = sorted(everything, key=lambda one: (one.reported_at, one.id), reverse=True)
    return [one for one in newest if one.region_code in codes]


def test_one_case(store: Store, everything: list[Incident]) -> None:
    assert len(everything) == 300
    (first,) = [one for one in everything if one.source_id == "0"]
    assert (first.code, first.title, first.channel in {"hotline", "patrol"}) == (
        "SJ2025-0",
        "暴露垃圾 0",
        True,
    )
    assert (first.region_code, first.located_by) == ("t0g0", "point")
    assert first.recorded_at == NOW
    assert incident(store, ALL, 9999, NOW) is None


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("days", [1, 3, 20, 300])
def test_lists_and_counts(store: Store, everything: list[Incident], region: str, days: int) -> None:
    window = Window(NOW - timedelta(days=days), NOW - timedelta(hours=7))
    inside = [
        one
        for one in wanted(store, everything, region)
        if window.start <= one.reported_at < window.end
    ]
    assert incidents(store, ALL, region, window, NOW, limit=500) == inside
    assert incidents(store, ALL, region, window, NOW, limit=3) == inside[:3]
    assert incidents(store, ALL, region, window, NOW, limit=3, offset=2) == inside[2:5]
    assert incident_count(store, ALL, region, window, NOW) == len(inside)


@pytest.mark.parametrize("region", [*REGIONS, "f"])
def test_open_ones_however_old(store: Store, everything: list[Incident], region: str) -> None:
    open_ones = [one for one in wanted(store, everything, region) if one.ended_at is None]
    short = Window(NOW - hours(1), NOW)
    assert incidents(store, ALL, region, short, NOW, limit=500, only=OPEN) == open_ones
    assert incident_count(store, ALL, region, short, NOW, OPEN) == len(open_ones) > 0
    before = Window(NOON, NOON + timedelta(days=9))
    assert incident_count(store, ALL, region, before, NOW, OPEN) == sum(
        one.reported_at < before.end for one in open_ones
    )


def test_days_add_up_across_midnight_and_rollups(store: Store) -> None:
    """A window is counted out of whole days and edges: any cut gives the same sum."""
    chance = random.Random(3)
    whole = incident_count(store, ALL, "t1", YEAR, NOW)
    for _ in range(20):
        cut = YEAR.start + chance.random() * YEAR.length
        parts = (Window(YEAR.start, cut), Window(cut, YEAR.end))
        assert sum(incident_count(store, ALL, "t1", part, NOW) for part in parts) == whole


@pytest.mark.parametrize(
    "only",
    [
        CaseFilter(channel="patrol"),
        CaseFilter(category="0108"),
        CaseFilter(category="01"),
        CaseFilter(severity=Severity.LARGE),
        CaseFilter(channel="hotline", category="05", severity=Severity.GENERAL),
        CaseFilter(category="%"),
    ],
)
def test_traits(store: Store, everything: list[Incident], only: CaseFilter) -> None:
    found = [
        one
        for one in wanted(store, everything, "t0")
        if one.channel == (only.channel or one.channel)
        and one.category.startswith(only.category or "")
        and one.severity == (only.severity or one.severity)
    ]
    assert incidents(store, ALL, "t0", YEAR, NOW, limit=500, only=only) == found


def test_a_region_that_is_not_there(store: Store) -> None:
    assert incidents(store, ALL, "nowhere", YEAR, NOW) == []
    assert incident_count(store, ALL, "nowhere", YEAR, NOW) == 0


def test_points_are_the_open_and_the_recent(store: Store, everything: list[Incident]) -> None:
    window = Window(NOW - timedelta(days=5), NOW)
    points = open_incident_points(store, ALL, NOW, window)
    drawn = [
        one
        for one in everything
        if one.lon is not None and (one.ended_at is None or one.reported_at >= window.start)
    ]
    assert any(one.ended_at for one in drawn)
    assert points.id.tolist() == [one.id for one in drawn]
    assert points.overdue.tolist() == [one.is_overdue(NOW) for one in drawn]
    assert points.severity.tolist() == [int(one.severity) for one in drawn]
    assert [tuple(Stage)[index] for index in points.stage_index] == [one.stage for one in drawn]
    assert points.region_codes == [one.region_code for one in drawn]
    times = [one.reported_at.replace(tzinfo=None) for one in drawn]
    assert points.reported_at.tolist() == times
    assert (points.id.dtype, points.severity.dtype, points.stage_index.dtype) == ("i8", "u1", "u1")


def test_too_many_points_are_the_newest_and_every_open_one(
    store: Store, everything: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo_data.queries.open_cases.MOST", 10)
    points = open_incident_points(store, ALL, NOW, YEAR)
    newest = sorted(everything, key=lambda one: one.reported_at, reverse=True)[:10]
    drawn = {one.id for one in everything if one.ended_at is None} | {one.id for one in newest}
    placed = {one.id for one in everything if one.lon is not None}
    assert set(points.id.tolist()) == drawn & placed


def test_no_points(stores: Stores) -> None:
    store = make_small_city(stores.new())
    points = open_incident_points(store, ALL, NOW, YEAR)
    assert len(points) == 0
    assert points.reported_at.dtype == np.dtype("M8[ms]")
    assert open_by_region(store, ALL, NOW) == {}
    store.close()


def test_open_cases_per_region(store: Store, everything: list[Incident]) -> None:
    counts = open_by_region(store, ALL, NOW)
    assert set(counts) <= {*SPOTS, ""} - {None}
    for code, count in counts.items():
        there = [one for one in everything if (one.region_code or "") == code]
        assert count.open == sum(one.ended_at is None for one in there)
        assert count.overdue == sum(one.is_overdue(NOW) for one in there)
    assert sum(count.open for count in counts.values()) == incident_count(
        store, ALL, "c", YEAR, NOW, OPEN
    )


def test_cases_at_a_place_and_in_it(store: Store) -> None:
    told = [
        case("at-home", 1, place_code="shelter-0"),
        case("at-site", 2, place_code="residential-0"),
    ]
    apply(store, told, NOW)
    found = incidents_of_place(store, ALL, "residential-0", NOW, 500)
    assert {"at-site", "at-home"} <= {one.source_id for one in found}
    times = [one.reported_at for one in found]
    assert times == sorted(times, reverse=True)
    assert len(incidents_of_place(store, ALL, "residential-0", NOW, 1)) == 1
    inner = incidents_of_place(store, ALL, "shelter-0", NOW, 500)
    assert "at-site" not in {one.source_id for one in inner}
    assert incidents_of_place(store, ALL, "nothing", NOW, 5) == []


def test_steps_are_in_order_whenever_they_came(store: Store) -> None:
    steps = [
        step("steps", Stage.CLOSED, 5, actor="王", note="done"),
        step("steps", Stage.DISPATCHED, 2),
        step("steps", Stage.FILED, 2),
        step("steps", Stage.ACCEPTED, 1),
    ]
    apply(store, [case("steps", 1), *steps], NOW)
    (found,) = [
        one for one in incidents(store, ALL, "c", YEAR, NOW, limit=500) if one.source_id == "steps"
    ]
    known = stages(store, ALL, found.id, NOW)
    assert [one.stage for one in known] == ["accepted", "filed", "dispatched", "closed"]
    assert (known[-1].actor, known[-1].note) == ("王", "done")
    masked = stages(store, Scope(masked=frozenset({"actor"})), found.id, NOW)
    assert (masked[-1].actor, masked[0].actor) == ("***", None)
    assert stages(store, ALL, 9999, NOW) == []


def test_times_are_aware(everything: list[Incident]) -> None:
    for name in ("stage_at", "happened_at", "reported_at", "recorded_at", "due_at"):
        at = getattr(everything[0], name)
        assert isinstance(at, datetime)
        assert at.utcoffset() == timedelta()
