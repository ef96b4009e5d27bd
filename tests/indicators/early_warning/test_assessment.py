"""What is the matter in a city is found, said with its numbers, and seen by whoever may see it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from geo_data import queries
from geo_data.records import Scope
from geo_data.store import Store, open_store
from indicators import early_warning
from indicators.early_warning import Assessment, Signal, assess
from tests.geo_data.lived_city import NOON, hours, opened
from tests.indicators.early_warning.watched_city import (
    HOT,
    NOW,
    make_empty_city,
    make_watched_city,
)
from tests.stores import Address, Stores

EVERYTHING = Scope.everything()


@pytest.fixture(scope="module")
def watched(module_stores: Stores) -> Address:
    address = module_stores.new()
    make_watched_city(address).close()
    return address


@pytest.fixture(scope="module")
def store(watched: Address) -> Iterator[Store]:
    with opened(open_store(watched)) as store:
        yield store


@pytest.fixture(scope="module")
def found(store: Store) -> Assessment:
    return assess(store, EVERYTHING, NOW)


def of_kind(found: Assessment, kind: str) -> list[Signal]:
    return [one for one in found.signals if one.kind == kind]


def test_the_hot_block_is_one_hot_spot(found: Assessment) -> None:
    hot = {code for code, spot in found.spots.items() if spot.is_hot}
    # Conditional permutation asks of the neighbours: the middle of the block at least.
    assert {"t0g00", "t0g11"} <= hot
    assert len(hot & HOT) >= len(hot) - 4
    (first,) = of_kind(found, "hot-spot")
    assert first.region_code in HOT
    assert first.trend in ("persistent", "sporadic", "intensifying")
    assert first.q is not None
    assert first.q <= 0.05
    assert first.expected is not None
    assert first.count > 2 * first.expected


def test_its_sentence_is_made_of_its_numbers(found: Assessment) -> None:
    (first,) = of_kind(found, "hot-spot")
    assert first.expected is not None
    assert f"{first.count} 件" in first.reason.zh
    assert f"{first.count} cases" in first.reason.en
    assert f"{first.count / first.expected:.1f} 倍" in first.reason.zh
    assert "town t0 grid" in first.reason.zh
    assert "偶然出现的可能 <" in first.reason.zh
    assert "the chance of a false alarm is below" in first.reason.en


def test_the_cases_of_a_hot_spot_are_those_of_its_regions(store: Store, found: Assessment) -> None:
    (first,) = of_kind(found, "hot-spot")
    counted = [
        queries.incident_count(store, EVERYTHING, code, first.window, NOW) for code in first.codes
    ]
    assert sum(counted) == first.count


def test_the_new_heap_is_a_cluster(store: Store, found: Assessment) -> None:
    (first,) = of_kind(found, "cluster")
    cases = [queries.incident(store, EVERYTHING, number, NOW) for number in first.cases]
    assert len(cases) == first.count
    assert sum(case is not None and case.category == "0302" for case in cases) == 11
    assert first.category == "0302"
    assert first.region_code == "t1g45"
    assert first.p is not None
    assert first.p <= 0.05
    assert len(first.outline) > 8
    assert "扬尘" in first.reason.zh


def test_the_water_of_today_is_unusual(found: Assessment) -> None:
    rises = of_kind(found, "anomaly")
    assert {one.category for one in rises} <= {"0406", "0302", None}
    town = next(one for one in rises if one.region_code == "t1" and one.category == "0406")
    assert (town.count, len(town.cases)) == (14, 14)
    assert town.window.length == timedelta(days=1)
    assert town.q is not None
    assert town.q <= 0.01
    assert "近 24 小时" in town.reason.zh


def test_the_market_is_repeated(found: Assessment) -> None:
    first = of_kind(found, "repeated-place")[0]
    assert (first.place_code, first.category, first.count) == ("market", "0504", 4)
    assert len(first.cases) == 4
    assert first.reason.zh == "菜市场近 30 天内店外经营已上报 4 件"
    assert first.q is None


def test_forecasts_stand_beside_their_past_errors(found: Assessment) -> None:
    whole, first, second = found.forecasts
    assert [one.region_code for one in found.forecasts] == ["c", "t0", "t1"]
    for one in (whole, first, second):
        assert one.day is not None
        assert one.week is not None
        assert (one.day.steps, one.week.steps) == (1, 7)
        better = one.day.error < one.day.naive_error
        assert better or one.day.is_naive
        assert ("更准" in one.reason.zh) is not one.day.is_naive
        assert f"{one.day.error:.1f}" in one.reason.zh
        assert f"{one.day.naive_error:.1f}" in one.reason.en
    assert len(whole.recent) == 14
    assert whole.recent == tuple(a + b for a, b in zip(first.recent, second.recent, strict=True))


def test_signals_of_a_region_are_those_in_it(store: Store, found: Assessment) -> None:
    first = early_warning.signals(store, EVERYTHING, "t0", NOW)
    second = early_warning.signals(store, EVERYTHING, "t1", NOW)
    assert {one.kind for one in first} >= {"hot-spot"}
    assert {one.kind for one in second} >= {"cluster", "anomaly", "repeated-place"}
    of_whole = [one for one in found.signals if one.region_code == "c"]
    assert len(first) + len(second) + len(of_whole) == len(found.signals)
    with pytest.raises(KeyError):
        early_warning.signals(store, EVERYTHING, "elsewhere", NOW)


def test_who_sees_one_town_sees_its_own(store: Store) -> None:
    scope = Scope("t1")
    own = assess(store, scope, NOW)
    tree = queries.region_tree(store, scope)
    assert {one.kind for one in own.signals} >= {"cluster", "anomaly", "repeated-place"}
    for one in own.signals:
        assert tree.get(one.region_code) is not None
        assert all(tree.get(code) is not None for code in one.codes)
        for number in one.cases:
            assert queries.incident(store, scope, number, NOW) is not None
    assert [one.region_code for one in own.forecasts] == ["t1"]
    assert all(code.startswith("t1") for code in own.spots)


def test_everything_says_when_it_was_worked_out(store: Store, found: Assessment) -> None:
    newest = store.layers()["incidents"].data_at
    assert {one.computed_at for one in found.signals} == {NOW}
    assert {one.data_at for one in found.signals} == {newest}
    keys = [one.key for one in found.signals]
    assert len(set(keys)) == len(keys)


def test_it_is_worked_out_once_an_hour(store: Store, found: Assessment) -> None:
    assert assess(store, EVERYTHING, NOW + timedelta(minutes=59)) is found
    assert early_warning.held(store, EVERYTHING) is found


def test_it_is_the_same_again(watched: Address, found: Assessment) -> None:
    with opened(open_store(watched)) as other:
        again = assess(other, EVERYTHING, NOW)
    assert again.signals == found.signals
    assert again.forecasts == found.forecasts


def test_what_was_learned_later_is_not_known_before(store: Store) -> None:
    then = assess(store, Scope("c"), NOW - timedelta(days=2))
    assert all(one.window.end <= NOW - timedelta(days=2) for one in then.signals)
    assert not [one for one in of_kind(then, "anomaly") if one.category == "0406"]


def test_an_empty_city_gives_nothing(stores: Stores) -> None:
    with opened(make_empty_city(stores.new())) as empty:
        found = assess(empty, EVERYTHING, NOW)
    assert (found.signals, found.forecasts, found.spots) == ((), (), {})
    assert [note.en for note in found.notes] == ["There are no cases yet: nothing to judge"]


def test_three_days_of_history_say_that_they_are_short(stores: Stores) -> None:
    with opened(make_watched_city(stores.new(), days=3)) as short:
        found = assess(short, EVERYTHING, NOW)
    assert {one.kind for one in found.signals} <= {"repeated-place"}
    assert all(one.day is None and one.week is None for one in found.forecasts)
    assert "there are 2" in found.forecasts[0].reason.en
    assert any("28 天" in note.zh for note in found.notes)


def test_a_city_of_other_levels_and_of_few_regions(clearbay: Store) -> None:
    found = assess(clearbay, EVERYTHING, NOW)
    assert found.signals == ()


def test_a_small_city_says_that_its_regions_are_few(lived_store: Store) -> None:
    found = assess(lived_store, EVERYTHING, NOON + hours(13))
    assert any("30" in note.zh for note in found.notes)


def test_importing_it_loads_no_statistics() -> None:
    asked = (
        "import sys; from indicators import early_warning; heavy = 'esda libpysal sklearn"
        " statsmodels scipy pandas'; print([one for one in heavy.split() if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
