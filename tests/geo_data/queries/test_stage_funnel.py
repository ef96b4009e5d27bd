"""How far cases came and how long it took, beside answers worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module

import pytest

from geo_data import queries
from geo_data.ingest import Report, apply
from geo_data.queries import StageFunnel, StageSpan, stage_times
from geo_data.queries.stage_times import kept_times
from geo_data.records import Scope, Stage, Window
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, case, hours, opened, step, write_areas
from tests.geo_data.small_city import GRIDS, make_small_city
from tests.stores import Stores, address_of

ALL = Scope.everything()
NOW = NOON + hours(24 * 10)
WHOLE = Window(NOON - hours(1), NOW)
LINE = (
    *(Stage.FOUND, Stage.ACCEPTED, Stage.FILED, Stage.DISPATCHED),
    *(Stage.HANDLED, Stage.VERIFIED, Stage.CLOSED),
)


def lives() -> list[Report]:
    """Five cases of 2025-07-01, a Tuesday, noon; 0102 has a limit in working hours, 9 to 17."""
    told: list[Report] = [case(str(n), 0, region_code="t0g0", happened_at=NOON) for n in range(5)]
    # 0: the whole line, an hour from each step to the next.
    told += [step("0", stage, n + 1.0) for n, stage in enumerate(LINE[1:])]
    # 1: the next morning at ten it is handled: four hours of work after the dispatch at two.
    told += [
        step("1", Stage.ACCEPTED, 0.5),
        step("1", Stage.FILED, 1),
        step("1", Stage.DISPATCHED, 2),
    ]
    told += [step("1", Stage.HANDLED, 22), step("1", Stage.VERIFIED, 23)]
    # 2: its source leaves out everything between; reworked once, so that the second closing holds.
    told += [step("2", Stage.HANDLED, 1), step("2", Stage.CLOSED, 2)]
    told += [step("2", Stage.REWORKED, 3), step("2", Stage.HANDLED, 4), step("2", Stage.CLOSED, 5)]
    # 3: nobody's business. 4: found and no more.
    told += [step("3", Stage.ACCEPTED, 2), step("3", Stage.VOIDED, 3)]
    return told


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    with opened(make_small_city(stores.new())) as store:
        apply(store, lives(), NOW)
        yield store


def span_of(found: StageFunnel, start: Stage, end: Stage) -> StageSpan:
    (span,) = (one for one in found.spans if (one.start, one.end) == (start, end))
    return span


@pytest.mark.parametrize("is_kept", [False, True])
def test_five_lives_by_hand(store: Store, is_kept: bool) -> None:
    if is_kept:
        kept_times(store)
    found = queries.stage_funnel(store, ALL, "c", WHOLE, NOW)
    assert (found.n, found.closed, found.dropped, found.since) == (5, 2, 1, None)
    assert [one.stage for one in found.stages] == list(LINE)
    # The second one passed what its source left out.
    assert [one.reached for one in found.stages] == [5, 4, 3, 3, 3, 2 + 1, 2]
    assert [one.open for one in found.stages] == [1, 0, 0, 0, 0, 1, 0]
    accepted = span_of(found, Stage.FOUND, Stage.ACCEPTED)
    # Half an hour, one, two.
    assert (accepted.n, accepted.median, accepted.p90) == (3, hours(1), hours(1.8))
    assert accepted.n_on_hours == 0
    handled = span_of(found, Stage.DISPATCHED, Stage.HANDLED)
    # One hour; from two until five and from nine until ten.
    assert (handled.n, handled.median, handled.n_on_hours) == (2, hours(2.5), 2)
    whole = span_of(found, Stage.FOUND, Stage.CLOSED)
    assert (whole.n, whole.median) == (2, hours(5.5))
    handling = span_of(found, Stage.DISPATCHED, Stage.CLOSED)
    # Three until six on the clock: two hours of work.
    assert (handling.n, handling.median, handling.p90) == (1, hours(2), hours(2))


def test_what_is_told_later_is_not_known_before(store: Store) -> None:
    then = NOW + hours(2)
    apply(store, [step("4", Stage.CLOSED, 241), step("1", Stage.CLOSED, 241)], then)
    assert queries.stage_funnel(store, ALL, "c", WHOLE, then).closed == 4
    assert queries.stage_funnel(store, ALL, "c", WHOLE, NOW).closed == 2
    early = queries.stage_funnel(store, ALL, "c", WHOLE, NOW - hours(1))
    assert (early.n, early.spans[0].median) == (0, None)


def test_a_viewer_counts_what_may_be_seen(store: Store) -> None:
    mine = Scope(region_code="t1")
    assert queries.stage_funnel(store, mine, "t0g0", WHOLE, NOW).n == 0
    assert queries.stage_funnel(store, Scope(region_code="t0"), "t0", WHOLE, NOW).n == 5
    assert queries.report_hours(store, mine, "c", WHOLE, NOW).counts.sum() == 0


def random_life(number: int, dice: random.Random) -> list[Report]:
    begins = dice.uniform(0, 200)
    place = dice.choice([*sorted(GRIDS), "t2"])
    told: list[Report] = [
        case(str(number), begins, region_code=place, category=dice.choice(["0102", "0402", "0101"]))
    ]
    at = begins
    for stage in dice.choices(list(Stage), k=dice.randint(0, 9)):
        at += dice.expovariate(1 / 8)
        told.append(step(str(number), stage, min(at, 239)))
    return told


def test_what_is_kept_and_followed_is_what_is_read(stores: Stores) -> None:
    dice = random.Random(5)
    with opened(make_small_city(stores.new())) as store:
        write_areas(store)
        apply(store, [*random_life(0, dice), case("out", 1, lon=122.0, lat=32.0)], NOW)
        kept_times(store)
        for number in range(1, 60):
            apply(store, random_life(dice.randint(0, number), dice), NOW)
        later = NOW + hours(1)
        with opened_again(store) as fresh:
            for code in ("c", "t0", "t2", "t1g0", "f"):
                for window in (WHOLE, Window(NOON + hours(50), NOON + hours(120))):
                    followed = queries.stage_funnel(store, ALL, code, window, later)
                    assert followed == queries.stage_funnel(fresh, ALL, code, window, later)
                    _adds_up(followed)
                    by_hour = queries.report_hours(store, ALL, code, window, later)
                    assert by_hour.counts.sum() == followed.n


def opened_again(store: Store) -> AbstractContextManager[Store]:
    return opened(open_store(address_of(store)))


def _adds_up(found: StageFunnel) -> None:
    reached = [one.reached for one in found.stages]
    assert reached == sorted(reached, reverse=True)
    assert reached[0] == found.n
    assert sum(one.open for one in found.stages) + found.closed + found.dropped == found.n
    assert all(one.n <= found.n and one.n_on_hours <= one.n for one in found.spans)


def test_hours_are_those_of_the_city(store: Store) -> None:
    counts = queries.report_hours(store, ALL, "c", WHOLE, NOW).counts
    assert counts.shape == (7, 24)
    # All at twelve o'clock of a Tuesday.
    assert counts[1, 12] == counts.sum() == 5


def test_only_so_many_are_kept_and_it_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(store, [case(f"later-{n}", 1 + n) for n in range(4)], NOW)
    monkeypatch.setattr(stage_times, "MOST_KEPT", 3)
    kept = kept_times(store)
    assert len(kept.times.case) == 3
    found = queries.stage_funnel(store, ALL, "c", WHOLE, NOW)
    assert found.n == 3
    assert found.since is not None
    assert NOON + hours(1) < found.since <= NOON + hours(2)
    all_there = Window(NOON + hours(1.5), NOW)
    assert queries.stage_funnel(store, ALL, "c", all_there, NOW).since is None
    # One more and the oldest goes.
    apply(store, [case("last", 9)], NOW)
    assert kept_times(store).times.reported_ms.min() > kept.times.reported_ms.min()


def test_of_what_is_not_kept_the_newest_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(store, [case(f"later-{n}", 1 + n) for n in range(4)], NOW)
    monkeypatch.setattr(import_module("geo_data.queries.stage_funnel"), "MOST_READ", 2)
    found = queries.stage_funnel(store, ALL, "c", WHOLE, NOW)
    assert (found.n, found.since) == (2, NOON + hours(3))
