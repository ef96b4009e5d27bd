"""Warning, response and severity: three ladders, 1 is the top of each, nothing mixes them."""

from __future__ import annotations

import operator
from itertools import combinations, pairwise, permutations

import pytest

from geo_data import dictionaries
from geo_data.ladders import Ladder, ResponseLevel, Severity, WarningLevel

LADDERS = (WarningLevel, ResponseLevel, Severity)


@pytest.mark.parametrize("ladder", LADDERS)
def test_the_first_step_is_the_highest(ladder: type[Ladder]) -> None:
    assert [int(step) for step in ladder] == [1, 2, 3, 4]
    for high, low in combinations(ladder, 2):
        assert high.is_above(low)
        assert not low.is_above(high)
    for step in ladder:
        assert not step.is_above(step)


def test_red_is_above_orange_above_yellow_above_blue_and_green_is_none() -> None:
    ladder = [WarningLevel.RED, WarningLevel.ORANGE, WarningLevel.YELLOW, WarningLevel.BLUE]
    assert all(high.is_above(low) for high, low in pairwise(ladder))
    assert list(WarningLevel) == ladder
    assert "GREEN" not in WarningLevel.__members__


@pytest.mark.parametrize(("one", "other"), [*permutations(LADDERS, 2)])
def test_steps_of_two_ladders_cannot_be_compared(one: type[Ladder], other: type[Ladder]) -> None:
    for number in range(1, 5):
        mine, theirs = one(number), other(number)
        assert mine != theirs
        assert mine not in {theirs}
        with pytest.raises(TypeError, match="different ladders"):
            mine.is_above(theirs)


@pytest.mark.parametrize("ladder", LADDERS)
@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_steps_are_no_numbers(ladder: type[Ladder], compare: object) -> None:
    first, last = ladder(1), ladder(4)
    assert first != 1
    with pytest.raises(TypeError):
        compare(first, last)  # type: ignore[operator]
    with pytest.raises(TypeError):
        compare(first, 4)  # type: ignore[operator]


def test_every_step_of_every_ladder_has_a_wording_of_its_own() -> None:
    assert set(dictionaries.warnings()) == set(WarningLevel)
    assert set(dictionaries.responses()) == set(ResponseLevel)
    assert set(dictionaries.severities()) == set(Severity)
    assert dictionaries.warning(WarningLevel.RED).label() == "红色"
    said = [
        term.label(language)
        for name in ("warnings", "responses", "severities")
        for term in dictionaries.dictionary(name).values()
        for language in ("zh-CN", "en")
    ]
    assert len(set(said)) == len(said)
