"""The catalogue: what every description must have, and every formula worked by hand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Callable
from itertools import groupby
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import indicators
from geo_data.dictionaries import categories, channels, major_categories, sensor_kinds
from indicators import answers, discovery, formulas, readings, recurrence, sensing, timeliness
from indicators.catalog import GROUPS, groups
from indicators.catalog import indicators as catalog
from indicators.spec import Array, CasesOf, Grain, Readings, Role, Sensors
from indicators.wording import STATUSES, WORDS, status_word

MODULES = [module.name for module in pkgutil.iter_modules(indicators.__path__, "indicators.")]
FUNCTIONS = sorted(
    {indicator.value for indicator in catalog().values()}, key=lambda function: function.__name__
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_formula_has_an_example(function: Callable[..., Array]) -> None:
    assert ">>> " in (function.__doc__ or "")


def test_there_are_enough_indicators_in_enough_groups() -> None:
    assert len(catalog()) >= 40
    # Traffic is a group without a sign of its own: a city may declare some.
    assert {indicator.group for indicator in catalog().values()} == set(GROUPS) - {"traffic"}
    assert len(GROUPS) == 8


def test_members_of_a_group_stand_together() -> None:
    runs = [group for group, _ in groupby(catalog().values(), lambda each: each.group)]
    assert runs == [group for group in groups() if group != "traffic"]


def test_needs_are_in_the_dictionaries() -> None:
    metrics = {kind.metric: kind.unit for kind in sensor_kinds().values()}
    keys = {
        "category": set(categories()) | set(major_categories()),
        "channel": set(channels()),
        "severity": set("1234"),
    }
    for indicator in catalog().values():
        for need in indicator.needs:
            if isinstance(need, Readings) and indicator.value is not readings.pm25_index:
                assert indicator.unit == metrics[need.metric], indicator.key
            if isinstance(need, Sensors):
                assert set(need.kinds) <= set(sensor_kinds()), indicator.key
            if isinstance(need, CasesOf):
                assert set(need.keys) <= keys[need.dimension], indicator.key


def test_every_wording_is_used_and_in_both_languages() -> None:
    known = WORDS.keys()
    used = {f"group-{group}" for group in GROUPS} | {f"status-{status}" for status in STATUSES}
    used |= {f"role-{role}" for role in get_args(Role)}
    used |= {key for key in known if key.startswith("series-")}
    units = {key for key in known if key.startswith("unit-")}
    for indicator in catalog().values():
        used |= {indicator.key, f"{indicator.key}-formula", f"{indicator.key}-basis"}
        used |= {key for key in units if WORDS(key) == indicator.unit}
        assert indicator.name("en") != indicator.name("zh-CN") or indicator.key == "pm25"
    assert known == used
    assert status_word("red")("en") == "red alarm"


def test_units_speak_english_too() -> None:
    assert catalog()["open-incidents"].unit == "件"
    assert catalog()["open-incidents"].unit_in("en") == "cases"


def test_only_tallies_add_up() -> None:
    for indicator in catalog().values():
        assert indicator.additive == (indicator.unit in ("件", "处")), indicator.key


def test_only_the_present_is_not_a_window() -> None:
    now = {key for key, indicator in catalog().items() if indicator.window == "now"}
    assert {"open-incidents", "gas-leaks", "sensors-online"} <= now
    assert not {"reported-incidents", "pm25", "on-time-rate"} & now
    assert catalog()["pm25"].grain is Grain.READING


HAND_WORKED = [
    (formulas.count, [[7.0]], 7.0),
    (formulas.both, [[2.0], [3.0]], 5.0),
    (formulas.mean, [[30.0 + 50.0 + 40.0], [3.0]], 40.0),
    (formulas.highest, [[12.5]], 12.5),
    (timeliness.closure_rate, [[972.0 - 911.0], [972.0]], 93.72),
    (timeliness.on_time_rate, [[737.0], [972.0]], 75.82),
    (timeliness.filing_rate, [[44.0], [55.0]], 80.0),
    (timeliness.rework_rate, [[1.0], [80.0]], 1.25),
    (timeliness.extension_rate, [[2.0], [25.0]], 8.0),
    (discovery.proactive_rate, [[33.0], [60.0]], 55.0),
    (discovery.police_share, [[7.0], [56.0]], 12.5),
    (discovery.hotline_per_10k, [[955.0], [1_909_713.0]], 5.0),
    (discovery.reported_per_10k, [[130.0], [65_000.0]], 20.0),
    (recurrence.repeat_rate, [[3.0], [60.0]], 5.0),
    (answers.response_rate, [[19.0], [20.0]], 95.0),
    (answers.contact_rate, [[49.0], [50.0]], 98.0),
    (answers.hotline_on_time_rate, [[27.0], [30.0]], 90.0),
    (answers.resolved_rate, [[60.0], [20.0]], 75.0),
    (answers.explained_rate, [[60.0], [20.0]], 25.0),
    (answers.satisfaction_rate, [[1.6], [3.0]], 53.33),
    # 100 µg/m³ is 25/40 of the way from 75 to 115: 100 + 50 × 0.625 = 131.25, rounded up.
    (readings.pm25_index, [[300.0], [3.0]], 132.0),
    (sensing.online_rate, [[4_875.0], [5_000.0]], 97.5),
    (sensing.alarm_share, [[6.0], [4_800.0]], 0.12),
]


@pytest.mark.parametrize(("function", "given", "expected"), HAND_WORKED)
def test_formula_by_hand(
    function: Callable[..., Array], given: list[list[float]], expected: float
) -> None:
    (found,) = function(*map(np.array, given))
    assert found.round(2) == expected


def test_every_formula_is_worked_by_hand() -> None:
    assert {function for function, *_ in HAND_WORKED} == set(FUNCTIONS)


PARTS = (formulas.both, answers.resolved_rate, answers.explained_rate)
"""Their two arguments lie side by side; neither is the whole."""
RATES = [
    function for function, given, _ in HAND_WORKED if len(given) == 2 and function not in PARTS
]


def test_solved_and_explained_add_up() -> None:
    solved, explained = np.array([3.0, 0.0, 7.0, 0.0]), np.array([1.0, 2.0, 0.0, 0.0])
    both = answers.resolved_rate(solved, explained) + answers.explained_rate(solved, explained)
    np.testing.assert_allclose(both, [100.0, 100.0, 100.0, np.nan])


@pytest.mark.parametrize(
    ("mean_ug_m3", "index"),
    [(0, 0), (35, 50), (75, 100), (115, 150), (150, 200), (250, 300), (350, 400), (500, 500)],
)
def test_the_index_of_pm25_at_the_steps_of_the_standard(mean_ug_m3: int, index: int) -> None:
    n = np.array([7.0])
    assert readings.pm25_index(mean_ug_m3 * n, n).tolist() == [index]


@pytest.mark.parametrize("function", RATES)
def test_no_rate_out_of_nothing(function: Callable[..., Array]) -> None:
    part, whole = np.array([0.0, 3.0, 3.0, np.nan]), np.array([0.0, 0.0, np.nan, 4.0])
    assert np.isnan(function(part, whole)).all()


@given(st.data(), st.sampled_from(FUNCTIONS))
def test_index_in_index_out(data: st.DataObject, function: Callable[..., Array]) -> None:
    """One call over many regions equals one call for each."""
    arity = function.__code__.co_argcount
    size = data.draw(st.integers(1, 8))
    needs = [
        np.array(data.draw(st.lists(st.integers(0, 99).map(float), min_size=size, max_size=size)))
        for _ in range(arity)
    ]
    together = function(*needs)
    alone = [function(*(need[[index]] for need in needs))[0] for index in range(size)]
    np.testing.assert_array_equal(together, alone)
