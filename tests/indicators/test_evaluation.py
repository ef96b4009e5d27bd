"""Evaluation: published results to the digit, groups that do not touch, what stays published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.evaluations import Evaluation, Group, Measure
from geo_data.ingest import Report, StageReport, apply
from geo_data.own_indicators import OwnIndicator
from geo_data.records import Scope, Stage
from geo_data.store import Store, open_store
from geo_data.time_limits import default_limits
from indicators import evaluation
from indicators.evaluation import GroupResult, Settled, UnitResult
from indicators.evaluation.scoring import marks, places, points_of, rounded, score_of
from indicators.evaluation.settling import Unit, scored
from tests.geo_data.lived_city import case, make_lived_city, opened
from tests.stores import Address, Stores

ALL = Scope.everything()
NAME = {"zh": "甲", "en": "A"}
AT = datetime(2017, 1, 5, 1, tzinfo=UTC)
DECEMBER = "2016-12"


def declared(*measures: dict[str, Any], **changes: Any) -> Evaluation:
    group = {"key": "towns", "name": NAME, "units": {"rung": 1}, "measures": measures}
    group["total"] = sum(one["points"] for one in measures)
    told = {"key": "monthly", "name": NAME, "basis": NAME, "groups": [group], **changes}
    return Evaluation.model_validate(told)


RATES = declared(
    {"indicator": "closure-rate", "points": 20, "full-at": 100},
    {"indicator": "on-time-rate", "points": 30, "target": 95, "floor": 60},
    {"indicator": "satisfaction-rate", "points": 50, "full-at": 100},
)


@pytest.fixture
def store(stores: Stores, lived_city: Address) -> Iterator[Store]:
    with opened(open_store(stores.copy(lived_city))) as store:
        yield having(store)


def having(store: Store, *found: Evaluation, **changes: Any) -> Store:
    """Declare evaluations in the city of an open store, as its file would."""
    update: dict[str, Any] = {"evaluations": found, **changes}
    # The default limits hold from 2020 on.
    limits = default_limits().model_copy(update={"effective_from": date(2010, 1, 1)})
    store.city = store.city.model_copy(update={"time_limits": limits, **update})
    return store


def life(
    name: str, reported: datetime, region: str, closed: datetime | None, *beside: Stage
) -> list[Report]:
    """A case that is dispatched as it is reported: a day of work later it is due."""
    times = {"happened_at": reported, "reported_at": reported}
    told: list[Report] = [case(name, region_code=region, **times)]
    told.append(StageReport("app", name, Stage.DISPATCHED, reported))
    if closed is not None:
        told.append(StageReport("app", name, Stage.CLOSED, closed))
        after = closed + timedelta(hours=1)
        told += [StageReport("app", name, one, after) for one in beside]
    return told


def tianmen(region: str = "t0g0") -> list[Report]:
    """December 2016 of Tianmen: 972 fell due, 737 closed in time and 174 late, 61 not."""
    reported = datetime(2016, 12, 6, 1, tzinfo=UTC)
    soon, late = reported + timedelta(minutes=30), reported + timedelta(days=9)
    ends = [*[soon] * 737, *[late] * 174, *[None] * 61]
    told: list[Report] = []
    for n, closed in enumerate(ends):
        # Three were asked: one satisfied, one neither way, one not.
        asked = {0: [Stage.SATISFIED], 1: [Stage.NEUTRAL], 2: [Stage.UNSATISFIED]}.get(n, [])
        told += life(f"tm-{n}", reported, region, closed, *asked)
    return told


def unit(found: GroupResult, code: str = "t0") -> UnitResult:
    return next(one for one in found.units if one.code == code)


def settled(
    store: Store, one: Evaluation = RATES, period: str = DECEMBER, at: datetime = AT
) -> Settled:
    return evaluation.settle(store, one, period, at)


# --- to the digit ----------------------------------------------------------------------------


def test_tianmen_as_published(store: Store) -> None:
    apply(store, tianmen(), AT - timedelta(hours=1))
    one = unit(settled(store).groups[0])
    told = {each.indicator: each for each in one.measures}
    assert str(rounded(told["closure-rate"].value or 0)) == "93.72"
    assert str(rounded(told["on-time-rate"].value or 0)) == "75.82"
    assert f"{rounded(told['satisfaction-rate'].value or 0):.1f}" == "53.3"
    assert one.counted == 972
    # 20 × 93.7242… %, 30 × (75.8230… − 60) / 35, 50 × 53.3333… %.
    assert [each.points for each in one.measures] == [18.74, 13.56, 26.67]
    assert (one.score, one.place) == (58.97, 1)
    kept = evaluation.settle(store, RATES, DECEMBER, AT, with_parts=True)
    made = {each.indicator: each.made_of for each in unit(kept.groups[0]).measures}
    assert made["closure-rate"] == (61, 972)
    assert made["on-time-rate"] == (737, 972)
    assert made["satisfaction-rate"] == (pytest.approx(1.6), 3)


def test_the_cases_that_cost_points_are_those_that_were_counted(store: Store) -> None:
    apply(store, tianmen(), AT - timedelta(hours=1))

    def lost(indicator: str, code: str = "t0", scope: Scope = ALL) -> evaluation.Lost:
        return evaluation.lost_cases(store, scope, code, indicator, DECEMBER, AT, limit=300)

    late = lost("on-time-rate")
    assert (late.cases.n, late.cases.is_all) == (972 - 737, True)
    assert {one.source_id for one in late.cases.cases} == {f"tm-{n}" for n in range(737, 972)}
    open_ones = lost("closure-rate")
    assert {one.source_id for one in open_ones.cases.cases} == {f"tm-{n}" for n in range(911, 972)}
    unhappy = lost("satisfaction-rate")
    assert {one.source_id for one in unhappy.cases.cases} == {"tm-1", "tm-2"}
    # Nothing of a unit that may not be seen, none of another unit's.
    assert lost("on-time-rate", scope=Scope(region_code="t1")).cases.n == 0
    assert lost("on-time-rate", "t1").cases.n == 0
    assert lost("turbidity").costing is None


def test_a_citys_own_formula_takes_points_off_for_every_late_case(store: Store) -> None:
    own = OwnIndicator.model_validate(
        {
            **{"key": "late-cases", "name": NAME, "group": "management", "unit": "cases"},
            **{"better": "low", "formula": "due - closed_on_time", "basis": NAME},
        }
    )
    late = declared({"indicator": "late-cases", "points": 10, "each": 0.5, "most": 8})
    having(store, late, indicators=(own,))
    assert evaluation.faults_of(store.city) == ()
    reported = datetime(2016, 12, 6, 1, tzinfo=UTC)
    ends = [reported + timedelta(days=9)] * 3 + [reported + timedelta(minutes=5)] * 4
    for n, closed in enumerate(ends):
        apply(store, life(f"own-{n}", reported, "t0g0", closed), AT - timedelta(hours=1))
    one = unit(settled(store, late).groups[0])
    assert (one.measures[0].value, one.score, one.measures[0].lost) == (3, 8.5, 1.5)
    found = evaluation.lost_cases(store, ALL, "t0", "late-cases", DECEMBER, AT)
    assert {each.source_id for each in found.cases.cases} == {"own-0", "own-1", "own-2"}


# --- who takes part, and in what place -------------------------------------------------------


def test_a_unit_without_a_case_is_neither_zero_nor_best(store: Store) -> None:
    apply(store, tianmen(), AT - timedelta(hours=1))
    found = settled(store).groups[0]
    assert [(one.code, one.place, one.score, one.why_not) for one in found.units] == [
        ("t0", 1, 58.97, None),
        ("t1", None, None, "few"),
        ("t2", None, None, "few"),
    ]
    assert found.ranked == 1
    assert all(one.mark is None and one.measures[0].points is None for one in found.units[1:])


def test_what_nobody_knows_is_left_out_of_what_could_be_given(store: Store) -> None:
    reported = datetime(2016, 12, 6, 1, tzinfo=UTC)
    soon = reported + timedelta(minutes=5)
    apply(store, life("one", reported, "t1g0", soon), AT - timedelta(hours=1))
    one = unit(settled(store).groups[0], "t1")
    assert [each.points for each in one.measures] == [20, 30, None]
    assert one.score == 100
    harsh = RATES.groups[0].measures[2].model_copy(update={"missing": "zero"})
    mild = harsh.model_copy(update={"missing": "full"})
    assert points_of(harsh, None) == 0
    assert points_of(mild, None) == 50


SCORES = st.lists(st.none() | st.sampled_from([Decimal(n) / 4 for n in range(12)]), max_size=12)


@given(SCORES, st.integers(0, 4), st.integers(0, 4))
def test_places_and_marks(scores: list[Decimal | None], best: int, last: int) -> None:
    found, named = places(scores), marks(scores, best, last)
    known = sorted((one for one in scores if one is not None), reverse=True)
    for score, place, mark in zip(scores, found, named, strict=True):
        if score is None:
            assert (place, mark) == (None, None)
            continue
        # Standard competition ranking: the place of the first of its like in the sorted list.
        assert place == known.index(score) + 1
        if mark == "best":
            assert place <= best
        if mark == "last":
            assert known[::-1].index(score) < last
            assert score < known[0]
    head = [place for place in found if place is not None and place <= best]
    # One unit by itself is named nowhere.
    assert named.count("best") == (len(head) if len(known) > 1 else 0)


VALUES = st.none() | st.floats(0, 100)
TABLE = st.lists(st.tuples(VALUES, VALUES, VALUES, st.integers(0, 3)), min_size=1, max_size=6)


def ranked(group: Group, prefix: str, rows: list[Any], one: Evaluation) -> GroupResult:
    keys = [measure.indicator for measure in group.measures]
    units = [Unit(f"{prefix}{n}", f"{prefix}{n}") for n in range(len(rows))]
    values: dict[str, dict[str, float | None]] = {
        key: {unit.code: row[n] for unit, row in zip(units, rows, strict=True)}
        for n, key in enumerate(keys)
    }
    values["due-incidents"] = {
        unit.code: float(row[3]) for unit, row in zip(units, rows, strict=True)
    }
    return scored(one, group, units, values, dict.fromkeys(values, "high"))


@given(TABLE, TABLE)
def test_points_stay_within_bounds_and_scores_add_up(ours: list[Any], theirs: list[Any]) -> None:
    group = RATES.groups[0]
    found = ranked(group, "a", ours, RATES)
    for one in found.units:
        assert all(0 <= (each.points or 0) <= each.full for each in one.measures)
        if one.score is None:
            continue
        assert 0 <= one.score <= group.total
        if all(each.points is not None for each in one.measures):
            total = sum(Decimal(str(each.points)) for each in one.measures)
            assert Decimal(str(one.score)) == total
    # Whoever else is evaluated, in another group, changes nothing here.
    ranked(group, "b", theirs, RATES)
    assert ranked(group, "a", ours, RATES) == found


@given(st.lists(st.integers(0, 30), min_size=2, max_size=2), st.integers(0, 40))
def test_a_place_does_not_move_when_another_group_does(due: list[int], other: int) -> None:
    two = RATES.model_copy(
        update={
            "groups": (
                RATES.groups[0],
                RATES.groups[0].model_copy(update={"key": "villages"}),
            )
        }
    )
    rows = [(90.0, 80.0, None, n) for n in due]
    with_few = ranked(two.groups[0], "a", rows, two), ranked(two.groups[1], "b", [rows[0]], two)
    more = [(float(other), 50.0, 10.0, other)] * 3
    with_more = ranked(two.groups[0], "a", rows, two), ranked(two.groups[1], "b", more, two)
    assert with_few[0] == with_more[0]


@pytest.mark.parametrize(
    ("values", "better", "points"),
    [
        # Best first, from high to low and from low to high.
        ([(95, 10), (90, 6), (80, 2)], "high", {96: 10, 95: 10, 94.9: 6, 80: 2, 79: 0}),
        ([(0, 10), (3, 6), (5, 2)], "low", {0: 10, 0.1: 6, 5: 2, 5.1: 0}),
        ([(90, 10)], "high", {90: 10, 89: 0}),
        ([(2, 10)], "low", {2: 10, 2.1: 0}),
    ],
)
def test_steps(values: list[tuple[float, float]], better: Any, points: dict[float, float]) -> None:
    steps = [{"value": value, "points": given} for value, given in values]
    told = {"indicator": "closure-rate", "points": 10, "steps": steps}
    measure = Measure.model_validate(told)
    assert {value: points_of(measure, value, better) for value in points} == points


def test_half_a_cent_is_rounded_up_as_people_do_it() -> None:
    assert str(rounded(1.005)) == "1.01"
    assert str(score_of(100, [(3, Decimal("1.00")), (3, Decimal("1.01")), (1, None)])) == "33.50"


# --- when ------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_an_assessment_year_from_november(stores: Stores, zone: str) -> None:
    with opened(make_lived_city(stores.new())) as store:
        having(store, RATES, timezone=zone, assessment_month=11)
        local = store.city.zone

        def at(*parts: int) -> datetime:
            return datetime(*parts, tzinfo=local).astimezone(UTC)

        # The last moment of October, the first of November, a year on: clocks were put back.
        moments = {"a": at(2016, 10, 31, 23, 59), "b": at(2016, 11, 1), "c": at(2017, 10, 31, 23)}
        moments["d"] = at(2017, 11, 1)
        for name, reported in moments.items():
            told = life(name, reported, "t0g0", reported + timedelta(minutes=1))
            apply(store, told, at(2018, 1, 5))
        counted = declared(
            {"indicator": "filing-rate", "points": 100, "full-at": 100, "missing": "zero"},
            **{"takes-part": {"indicator": "reported-incidents", "least": 1}},
        )
        found = settled(store, counted, "assessment-2017", at(2018, 1, 5))
        assert (str(found.first_day), str(found.last_day)) == ("2016-11-01", "2017-10-31")
        assert unit(found.groups[0]).counted == 2


# --- the default -----------------------------------------------------------------------------


def test_a_city_that_declares_none_has_the_programs_own(store: Store) -> None:
    assert store.city.evaluations == ()
    (one,) = evaluation.evaluations_of(store.city).values()
    assert evaluation.faults_of(store.city) == ()
    for group in one.groups:
        assert sum(measure.points for measure in group.measures) == group.total == 100
    at = datetime(2025, 7, 9, tzinfo=UTC)
    found = evaluation.settle(store, one, "this-month", at)
    assert [[each.code for each in group.units] for group in found.groups] == [
        ["t0", "t1", "t2"],
        ["f"],
    ]


def test_units_by_kind_place_and_code(store: Store) -> None:
    base = RATES.groups[0].model_dump(by_alias=True, exclude={"units"}, exclude_none=True)

    def codes(**units: Any) -> tuple[list[str], tuple[str, ...]]:
        group = Group.model_validate({**base, "units": units})
        one = RATES.model_copy(update={"groups": (group,)})
        found = evaluation.settle(store, one, DECEMBER, AT).groups[0]
        return [each.code for each in found.units], found.unknown_codes

    kind = store.city.level_keys[-1]
    assert codes(level="grid", within="t2") == (["t2g0", "t2g1"], ())
    assert codes(level=kind, kind="no-such") == ([], ())
    assert codes(codes=["t1", "f", "t0g0", "nowhere"]) == (["f", "t0g0", "t1"], ("nowhere",))
    assert codes(level="town", within="nowhere") == ([], ("nowhere",))
