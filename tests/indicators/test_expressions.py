"""Formulas of a city: what is understood, what is not, and what units come out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.city import City, read_city
from geo_data.faults import InputError
from geo_data.own_indicators import OwnIndicator
from geo_data.words import Label
from indicators import catalog
from indicators.expressions import parse, unit_text
from indicators.series import FormulaError
from indicators.spec import Cases, CasesOf, Grain, Readings
from tests.conftest import EXAMPLE
from tests.geo_data.small_city import CITY

WORDS = {"name": Label(zh="本市", en="Own"), "basis": Label(zh="本市规则", en="City rule")}


def own(formula: str, unit: str = "percent", key: str = "own-rate", **more: object) -> OwnIndicator:
    told = {"group": "management", "better": "high", **WORDS, **more}
    return OwnIndicator.model_validate({"key": key, "formula": formula, "unit": unit, **told})


def city(*declared: OwnIndicator) -> City:
    return CITY.model_copy(update={"indicators": declared})


@pytest.mark.parametrize(
    ("formula", "unit", "adds_up"),
    [
        ("reported", "cases", True),
        ("reported - closed", "cases", True),
        ("2 * reported / 4 - closed", "cases", True),
        ("closed_on_time / due", "share", False),
        ("reported / residents", "cases/people", False),
        ("reported / residents * residents", "cases", False),
        ('channel("opinion", "police") / reported', "share", False),
        ('category("01", "0502") + severity("1")', "cases", True),
        ('total("pm25") / readings("pm25")', "µg/m³", False),
        ('highest("rain-1h") * highest("rain-1h")', "mm^2", False),
        ('sensors("manhole", "alarm")', "places", True),
        ('-standing("open") / -unclosed', "share", False),
        ('standing("overdue") * highest("trapped-min")', "cases·min", False),
    ],
)
def test_units_are_reckoned(formula: str, unit: str, adds_up: bool) -> None:
    found = parse(formula)
    assert (unit_text(found.unit), found.adds_up) == (unit, adds_up)


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        ("", "syntax"),
        ("reported +", "syntax"),
        ("reported; closed", "syntax"),
        ("x = reported", "syntax"),
        ("42", "constant"),
        ("reported * 1" + "0" * 320, "syntax"),
        ("reported * 1e999", "syntax"),
        ("1 + reported", "units"),
        ('reported + highest("trapped-min")', "units"),
        ("reported / closed - closed", "units"),
        ("reportd", "series"),
        ('channel("hotlin")', "series"),
        ('mean("pm25")', "series"),
        ("__import__('os')", "series"),
        ("reported ** 2", "not-arithmetic"),
        ("reported // closed", "not-arithmetic"),
        ("reported if closed else due", "not-arithmetic"),
        ("[reported]", "not-arithmetic"),
        ("reported.real", "not-arithmetic"),
        ("(lambda: reported)()", "not-arithmetic"),
        ("channel(reported)", "not-word"),
        ("channel(*'ab')", "not-word"),
        ("channel(key='police')", "not-arithmetic"),
        ("channel()", "no-words"),
        ('standing("open", "overdue")', "no-words"),
        ('sensors("alarm")', "no-words"),
        ("True * reported", "not-arithmetic"),
        ("+".join(["reported"] * 99), "long"),
        ("-" * 300 + "reported", "long"),
    ],
)
def test_what_is_no_formula_is_refused(formula: str, fault: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula)
    assert caught.value.key == f"formula-{fault}"


def test_series_are_read_once_and_in_order() -> None:
    found = parse('(reported - channel("police") + reported) / reported')
    assert found.needs == (Cases("reported"), CasesOf("channel", ("police",)))
    value = found(np.array([10.0]), np.array([4.0]))
    assert value.tolist() == [1.6]


def test_nothing_comes_out_of_nothing() -> None:
    found = parse("closed / reported")
    missing = np.array([0.0, np.nan, 5.0, 5.0])
    assert np.isnan(found(np.array([3.0, 3.0, np.nan, 0.0]), missing)).tolist() == [
        *(True, True, True),
        False,
    ]
    assert parse("reported / 0")(np.array([3.0])).tolist() == pytest.approx([np.nan], nan_ok=True)


NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3)
LEAVES = st.sampled_from(["reported", "closed", "due"])
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-"), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        )
        | st.tuples(st.integers(1, 9), inner).map(lambda parts: f"{parts[0]} * {parts[1]}")
    ),
    max_leaves=12,
)


@given(FORMULAS, NUMBERS)
def test_a_formula_says_what_arithmetic_says(formula: str, numbers: list[float]) -> None:
    names = dict(zip(("reported", "closed", "due"), numbers, strict=True))
    expected = _by_hand(formula, names)
    found = parse(formula)
    given_ = [np.array([names[need.measure]]) for need in found.needs]  # type: ignore[union-attr]
    assert found(*given_)[0] == pytest.approx(expected, rel=1e-9, abs=1e-3)
    assert found.adds_up


def _by_hand(formula: str, names: dict[str, float]) -> float:
    """A calculator of its own: the formulas above are fully bracketed, but for their factors."""
    text = formula
    if text in names:
        return names[text]
    if text[0].isdigit():
        factor, _, rest = text.partition(" * ")
        return int(factor) * _by_hand(rest, names)
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 1 and sign in "+-" and text[place - 1] == " ":
            left, right = text[1 : place - 1], text[place + 2 : -1]
            one, other = _by_hand(left, names), _by_hand(right, names)
            return one + other if sign == "+" else one - other
    raise AssertionError(text)


# --- as a city declares them -----------------------------------------------------------------


def test_a_city_has_indicators_of_its_own() -> None:
    declared = own('channel("opinion") / reported'), own("reported - closed", "cases", "backlog")
    known = catalog.of(city(*declared))
    rate, backlog = known["own-rate"], known["backlog"]
    assert list(known)[: len(catalog.indicators())] != list(known)
    assert {one.group for one in (rate, backlog)} == {"management"}
    assert (rate.grain, rate.additive, rate.unit) == (Grain.FLOW, False, "%")
    assert rate.value(np.array([1.0]), np.array([8.0])).tolist() == [12.5]
    assert (backlog.additive, backlog.unit_in("en")) == (True, "cases")
    assert rate.formula("en") == 'channel("opinion") / reported'
    assert catalog.faults_of(city(*declared)) == ()


def test_a_reading_in_percent_is_not_multiplied() -> None:
    crowd = catalog.of(city(own('highest("crowd")', "percent")))["own-rate"]
    assert crowd.needs == (Readings("crowd", "high"),)
    assert crowd.value(np.array([85.0])).tolist() == [85.0]


@pytest.mark.parametrize(
    ("declared", "key", "field"),
    [
        (own("reported", "percent"), "formula-unit", "formula"),
        (own("reported / due", "cases"), "formula-unit", "formula"),
        (own("reported +"), "formula-syntax", "formula"),
        (own('standing("open") / reported'), "formula-grains", "formula"),
        (own("reported", "bushels"), "indicator-unit", "unit"),
        (own("closed / due", group="magic"), "unknown-group", "group"),
        (own("closed / due", key="pm25"), "indicator-taken", "key"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_the_rest_is_kept(
    declared: OwnIndicator, key: str, field: str
) -> None:
    good = own("closed / due", key="good-rate")
    known = catalog.of(city(good, declared))
    assert "good-rate" in known
    (fault,) = catalog.faults_of(city(good, declared))
    assert (fault.key, fault.row, fault.field) == (key, 2, f"indicators.2.{field}")
    for language in ("zh-CN", "en"):
        assert "indicators.2" in fault.sentence(language)
        assert fault.remedy(language)


def test_the_city_file_declares_them(tmp_path: object) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    entry = """
[[indicators]]
key = "opinion-share"
name = { zh = "舆情占比", en = "Opinion share" }
group = "livelihood"
unit = "percent"
better = "low"
formula = 'channel("opinion") / reported'
basis = { zh = "本市", en = "City" }
"""
    from pathlib import Path

    path = Path(str(tmp_path)) / "city.toml"
    path.write_text(text + entry, encoding="utf-8")
    assert [one.key for one in read_city(path).indicators] == ["opinion-share"]
    path.write_text(text + entry.replace("formula =", "formul ="), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_city(path)
    assert any("formula" in sentence for sentence in caught.value.sentences("en"))
    assert all("city.toml" in sentence for sentence in caught.value.sentences("en"))
