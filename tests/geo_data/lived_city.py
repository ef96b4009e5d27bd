"""The small city with a past: a functional area, places that can be masked, cases, readings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd

from geo_data.ingest import IncidentReport, Reading, Report, StageReport, apply
from geo_data.records import Severity, Stage, Window
from geo_data.store import Store, write_layer
from tests.geo_data.small_city import AT, GRIDS, cell, make_small_city, middle
from tests.stores import Address

NOON = datetime(2025, 7, 1, 4, tzinfo=UTC)
"""Twelve o'clock in the city; the cases come one an hour from here."""
DAY = Window(NOON - timedelta(hours=1), NOON + timedelta(hours=23))


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


def make_lived_city(path: Address) -> Store:
    """Make the store, leave it open: a case in every grid and one outside, sensors that speak."""
    store = make_small_city(path)
    write_areas(store)
    write_homes(store)
    apply(store, first_cases(), NOON + hours(12))
    apply(store, [Reading(f"s{n}", 0.2, NOON + hours(11.5)) for n in range(6)], NOON + hours(12))
    return store


def write_areas(store: Store) -> None:
    """Two towns' southern halves are a functional area of the whole city."""
    frame = gpd.GeoDataFrame(
        {"code": ["f"], "name": ["开发区"], "kind": ["functional"]},
        geometry=[cell(0.25, 0, 3.5, 1)],
        crs=4326,
    )
    write_layer(store, "regions/functional", frame, "test", AT)


def write_homes(store: Store) -> None:
    """A residential area and the shelter in it per town, with things not everybody may read."""
    for kind, size in (("residential", 0.8), ("shelter", 0.2)):
        codes = [f"{kind}-{n}" for n in range(3)]
        frame = gpd.GeoDataFrame(
            {
                "code": codes,
                "name": [f"新桥{kind}{n}" for n in range(3)],
                "region_code": [f"t{n}g0" for n in range(3)],
                "site_code": [f"residential-{n}" if kind == "shelter" else None for n in range(3)],
                "address": [f"松汇路{n}号" for n in range(3)],
                "attributes": [{"phone": f"1380000000{n}", "beds": n} for n in range(3)],
            },
            geometry=[cell(2 * n + 0.1, 0.1, size, size) for n in range(3)],
            crs=4326,
        )
        write_layer(store, f"places/{kind}", frame, "test", AT)


def first_cases() -> list[Report]:
    """Case ``n`` is in the ``n``-th grid, an hour after case ``n - 1``; the last one outside."""
    spots = [middle(grid) for grid in sorted(GRIDS)]
    cases: list[Report] = [case(str(n), n, lon=lon, lat=lat) for n, (lon, lat) in enumerate(spots)]
    return [*cases, case(str(len(spots)), len(spots), lon=122.0, lat=32.0)]


def case(source_id: str, at_hour: float = 0, **changes: Any) -> IncidentReport:
    values: dict[str, Any] = {
        "source": "app",
        "source_id": source_id,
        "code": f"SJ2025-{source_id}",
        "title": f"暴露垃圾 {source_id}",
        "channel": "hotline",
        "category": "0102",
        "severity": Severity.GENERAL,
        "happened_at": NOON + hours(at_hour),
        "reported_at": NOON + hours(at_hour),
        "address": f"谷阳路{source_id}号",
    }
    return IncidentReport(**values | changes)


def step(source_id: str, stage: Stage, at_hour: float, **changes: Any) -> StageReport:
    return StageReport("app", source_id, stage, NOON + hours(at_hour), **changes)


@contextmanager
def opened(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()
