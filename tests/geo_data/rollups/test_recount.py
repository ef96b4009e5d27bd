"""Whatever is told, corrected or voided, in whatever order: the rollups equal a recount."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from geo_data import rollups
from geo_data.ingest import IncidentReport, StageReport, apply
from geo_data.records import Scope, Severity, Stage
from geo_data.rollups import MEASURES
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, case, hours
from tests.geo_data.small_city import GRIDS, make_small_city
from tests.stores import Stores

ALL = Scope.everything()
NUMBERS = st.integers(0, 7).map(str)
HOURS = st.integers(-400, 400)
PLACES = st.sampled_from([*sorted(GRIDS), "t2", None])
CHANNELS = st.sampled_from(["hotline", "patrol", "iot"])
CATEGORIES = st.sampled_from(["0102", "0402", "0505"])


class Cases(RuleBasedStateMachine):
    """Cases of a small city; after every step the rollups are what the rows say."""

    make: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.make()
        self.told_at = NOON + hours(500)

    def teardown(self) -> None:
        self.store.close()

    def tell(self, *reports: IncidentReport | StageReport) -> None:
        self.told_at += timedelta(minutes=1)
        apply(self.store, reports, self.told_at)

    @rule(number=NUMBERS, hour=HOURS, place=PLACES, channel=CHANNELS, category=CATEGORIES)
    def report(
        self, number: str, hour: int, place: str | None, channel: str, category: str
    ) -> None:
        """A new case, or a correction of an old one: another place, channel or category."""
        told: dict[str, Any] = {"channel": channel, "category": category, "region_code": place}
        self.tell(case(number, hour, severity=Severity.GENERAL, **told))

    @rule(steps=st.lists(st.tuples(NUMBERS, st.sampled_from(Stage), HOURS), min_size=1, max_size=5))
    def move(self, steps: list[tuple[str, Stage, int]]) -> None:
        """Steps and notes, early or late, of cases known or not."""
        self.tell(*(StageReport("app", n, stage, NOON + hours(at)) for n, stage, at in steps))

    @rule(number=NUMBERS, hour=HOURS)
    def void(self, number: str, hour: int) -> None:
        """A case that is taken out again: it counts as neither closed nor due."""
        self.tell(StageReport("app", number, Stage.VOIDED, NOON + hours(hour)))

    @rule(number=NUMBERS, hour=HOURS, place=PLACES)
    def repeat(self, number: str, hour: int, place: str | None) -> None:
        """The same telling twice in a batch, and once more."""
        report = case(number, hour, region_code=place)
        self.tell(report, report)
        self.tell(report)

    @invariant()
    def equal_a_recount(self) -> None:
        counted = content(self.store)
        in_memory = {
            measure: rollups.by_level(self.store, ALL, "grid", measure, 0, 1 << 20)
            for measure in MEASURES
        }
        rollups.recount(self.store, self.told_at)
        assert content(self.store) == counted
        for measure, found in in_memory.items():
            assert rollups.by_level(self.store, ALL, "grid", measure, 0, 1 << 20) == found


def content(store: Store) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Both tables without rows of nothing."""
    days, dimensions = store.tables.rollup_region_day, store.tables.rollup_dimension_day
    columns = [days.c[name] for name in MEASURES]
    with store.read() as connection:
        by_day = connection.execute(select(days.c.day, days.c.region_code, *columns)).all()
        cells = connection.execute(
            select(
                *(dimensions.c[name] for name in ("day", "region_code", "dimension", "key", "n"))
            )
        ).all()
    return (
        {tuple(row) for row in by_day if any(row[2:])},
        {tuple(row) for row in cells if row.n},
    )


@pytest.fixture
def make(stores: Stores) -> Callable[[], Store]:
    made = stores.new()
    make_small_city(made).close()
    return lambda: open_store(stores.copy(made))


def test_rollups_equal_a_recount_after_any_sequence(make: Callable[[], Store]) -> None:
    machine = type("Machine", (Cases,), {"make": staticmethod(make)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
