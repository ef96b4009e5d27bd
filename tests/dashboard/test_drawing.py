"""What colours the map: worked out once for all who look, and never older than it may be."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from dashboard.context import Context
from dashboard.drawing import legend_of, shading
from dashboard.view import THEMES
from geo_data import queries
from geo_data.ingest import Reading, apply
from geo_data.records import Scope, Severity
from geo_data.settings import Settings
from geo_data.store import Store
from indicators import engine, windows
from indicators.catalog import indicators
from layers.deck import shading_scale
from layers.style import scale
from tests.geo_data.lived_city import NOON, case, hours
from tests.geo_data.small_city import GRIDS, middle

ALL = Scope.everything()
WORKED_OUT = "indicators.engine.by_level"


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON + hours(14)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(lived_store: Store) -> Store:
    return lived_store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(store: Store, clock: Clock, tmp_path: Path) -> Context:
    return Context(Settings(data_dir=tmp_path), store, clock)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with the key of every indicator that is worked out for a level."""
    found: list[str] = []
    by_level = engine.by_level

    def noted(store: Store, scope: Scope, level: str, key: str, *rest: object) -> object:
        found.append(key)
        return by_level(store, scope, level, key, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(WORKED_OUT, noted)
    return found


def values(context: Context, query: str) -> dict[str, float | None]:
    shown = shading(context.look(query))
    assert shown is not None
    return dict(shown.values)


def new_case(store: Store, number: int, at: datetime) -> None:
    lon, lat = middle("t0g0")
    before = at - timedelta(minutes=1)
    apply(
        store, [case(f"new{number}", lon=lon, lat=lat, happened_at=before, reported_at=before)], at
    )


def test_the_map_is_coloured_by_what_the_engine_says(context: Context, clock: Clock) -> None:
    for key, window in product(indicators(), windows.KEYS):
        expected = engine.by_level(context.store, ALL, "grid", key, window, clock.now)
        assert values(context, f"?indicator={key}&window={window}") == expected
        assert values(context, f"?indicator={key}&window={window}&region=t1") == expected


def test_a_drill_works_nothing_out_anew(context: Context, counted: list[str]) -> None:
    shown = [shading(context.look(f"?region={code}")) for code in ("c", "t0", "t1g0")]
    again = [legend_of(context.look(f"?region={code}")) for code in ("c", "t0", "t1g0")]
    assert len(counted) == 1
    assert all(one is not None and shown[0] is not None for one in shown)
    assert len({id(one.values) for one in shown if one is not None}) == 1
    sums = [sum(row.count or 0 for row in groups[0].rows) for groups in again]
    assert sums == [len(GRIDS), 4, 1]


def test_the_map_and_its_legend_share_one_scale_for_each_theme(context: Context) -> None:
    looks = [
        context.look(f"?region={code}&theme={theme}") for code in ("c", "t1") for theme in THEMES
    ]
    shown = [shading(look) for look in looks]
    assert shown[0] is not None
    assert all(one is shown[0] for one in shown)
    scales = [shading_scale(shown[0], theme) for theme in THEMES]
    assert scales == [scale(shown[0].values.values(), shown[0].hue, theme) for theme in THEMES]
    assert scales[0] != scales[1]
    english = shading(context.look("?lang=en"))
    assert english is not None
    assert english.label != shown[0].label


def test_what_comes_in_is_seen_at_once(context: Context, clock: Clock, counted: list[str]) -> None:
    query = "?indicator=reported-incidents"
    before = values(context, query)
    new_case(context.store, 1, clock.now)
    after = values(context, query)
    assert after["t0g0"] == (before["t0g0"] or 0) + 1
    assert len(counted) == 2
    # Readings say nothing of cases: nobody waits for them to be counted again.
    apply(context.store, [Reading("s0", 0.3, clock.now)], clock.now)
    assert values(context, query) == after
    assert len(counted) == 2


def test_a_reading_is_seen_where_it_colours(
    context: Context, clock: Clock, counted: list[str]
) -> None:
    query = "?indicator=sensors-in-alarm"
    before = values(context, query)
    apply(context.store, [Reading("s0", 0.01, clock.now)], clock.now)
    after = values(context, query)
    assert (before["t0g0"], after["t0g0"]) == (0, 1)
    assert len(counted) == 2


def test_what_slides_out_is_seen_within_a_minute(
    context: Context, clock: Clock, counted: list[str]
) -> None:
    # The first case was reported at noon, in the first grid.
    clock.now = NOON + hours(24) - timedelta(seconds=30)
    query = "?indicator=reported-incidents&window=24h"
    assert values(context, query)["t0g0"] == 1
    clock.now += timedelta(seconds=20)
    assert values(context, query)["t0g0"] == 1
    assert len(counted) == 1
    clock.now += timedelta(seconds=60)
    assert values(context, query)["t0g0"] == 0
    assert len(counted) == 2


def test_nobody_gets_the_colours_of_another_scope(
    context: Context, clock: Clock, tmp_path: Path
) -> None:
    whole = values(context, "")
    town = Context(Settings(data_dir=tmp_path, scope_region="t1"), context.store, clock)
    assert set(values(town, "")) == {code for code in whole if code.startswith("t1")}
    assert values(context, "") == whole


@pytest.mark.parametrize("region", ["c", "t0", "t1", "t2", "t2g1", "f"])
def test_the_legend_counts_the_points_that_are_drawn(
    context: Context, clock: Clock, region: str
) -> None:
    look = context.look(f"?region={region}&window=7d")
    (group,) = (one for one in legend_of(look) if one.key == "incidents")
    points = queries.open_incident_points(context.store, ALL, clock.now, look.window)
    inside: set[str | None] = set(look.tree.subtree(region))
    if region == "c":
        inside.add(None)
    drawn = [
        severity
        for code, severity in zip(points.region_codes, points.severity.tolist(), strict=True)
        if code in inside
    ]
    assert [row.count for row in group.rows] == [
        drawn.count(int(severity)) for severity in Severity
    ]


def test_the_legend_follows_what_comes_in(context: Context, clock: Clock) -> None:
    def counts() -> int:
        (group,) = (one for one in legend_of(context.look("?region=t0")) if one.key == "incidents")
        return sum(row.count or 0 for row in group.rows)

    before = counts()
    for number in range(3):
        new_case(context.store, number, clock.now)
        assert counts() == before + number + 1
