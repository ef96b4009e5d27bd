"""Colours that can be read, and a scale whose legend counts every value once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.style import (
    GROUNDS,
    MARKS,
    MISSING,
    TEXT,
    TOKENS,
    class_of,
    ink_on,
    legend,
    rgb,
    rgba,
    scale,
)

VALUES = st.lists(
    st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda value: round(value, 3))), max_size=80
)


def luminance(color: str) -> float:
    parts = [part / 255 for part in rgb(color)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: str, other: str) -> float:
    """WCAG 2.2."""
    light, dark = sorted((luminance(color), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_words_and_signs_stand_out_of_every_ground(theme: str, ground: str) -> None:
    tokens = TOKENS[theme]
    assert {name for name in TEXT if contrast(tokens[name], tokens[ground]) < 4.5} == set()
    assert {name for name in MARKS if contrast(tokens[name], tokens[ground]) < 3} == set()
    assert contrast(tokens["on-accent"], tokens["accent"]) >= 4.5


def test_both_themes_have_the_same_tokens() -> None:
    assert TOKENS["dark"].keys() == TOKENS["light"].keys()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("hue", ["teal", "violet"])
def test_classes_are_told_apart_by_lightness_alone(theme: str, hue: str) -> None:
    colors = scale(range(700), hue, theme, classes=7).colors
    assert len(colors) == 7
    steps = [luminance(color) for color in colors]
    assert steps == sorted(steps, reverse=theme == "light")
    pairs = pairwise(colors)
    assert all(contrast(one, other) > 1.08 for one, other in pairs)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("hue", ["teal", "violet"])
def test_what_is_written_on_a_class_can_be_read(theme: str, hue: str) -> None:
    by = scale(range(700), hue, theme, classes=7)
    for color in by.colors:
        assert contrast(ink_on(color), color) >= 4.5


def test_values_are_shared_out_evenly_with_readable_breaks() -> None:
    values = [float(value) for value in range(600)]
    by = scale(values, classes=6)
    assert by.breaks == (100, 200, 300, 400, 500)
    assert [row.count for row in legend(by, values)] == [100] * 6
    assert legend(by, values)[0].label == "≥ 500"
    assert legend(by, values)[-1].label == "0 – 99"


def test_a_value_on_a_break_is_in_the_upper_class() -> None:
    by = scale([0.0, 1.0, 2.0, 3.0], classes=2)
    assert class_of(by, [by.breaks[0]]).tolist() == [1]


def test_many_alike_and_few_others_are_still_seen() -> None:
    values = [0.0] * 90 + [1.0] * 7 + [2.0] * 3
    by = scale(values)
    assert [row.count for row in legend(by, values)] == [3, 7, 90]


def test_missing_is_not_zero() -> None:
    by = scale([0.0, 5.0, None, float("nan")])
    assert class_of(by, [0.0, None, float("nan")]).tolist() == [0, MISSING, MISSING]
    last = legend(by, [0.0, 5.0, None], "en")[-1]
    assert (last.label, last.count, last.color) == ("No data", 1, by.missing)


def test_nothing_known_and_all_alike() -> None:
    assert scale([None, None]).colors == ()
    assert [(row.label, row.count) for row in legend(scale([None]), [None], "en")] == [
        ("No data", 1)
    ]
    assert [(row.label, row.count) for row in legend(scale([7, 7]), [7, 7], "en")] == [
        ("The same everywhere", 2)
    ]


@given(VALUES, st.integers(2, 7))
def test_the_legend_counts_every_value_once(values: list[float | None], classes: int) -> None:
    by = scale(values, classes=classes)
    rows = legend(by, values)
    assert sum(row.count or 0 for row in rows) == len(values)
    assert len(by.colors) <= classes
    assert list(by.breaks) == sorted(set(by.breaks))
    known = [value for value in values if value is not None]
    assert len(by.colors) == len(by.breaks) + (1 if known else 0)
    assert all(row.count for row in rows)


def test_opacity_is_the_fourth_number() -> None:
    assert rgba("#0b1a2e", 0.5) == [11, 26, 46, 128]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_classes_of_whole_numbers_are_written_by_what_is_in_them(counts: list[int]) -> None:
    values = [float(count) for count in counts]
    rows = legend(scale(values), values)
    assert sum(row.count or 0 for row in rows) == len(values)
    if len(rows) == 1:
        return
    for row in rows:
        if row.label.startswith("≥ "):
            inside = [value for value in values if value >= float(row.label[2:])]
        else:
            low, _, high = row.label.partition(" – ")
            inside = [value for value in values if float(low) <= value <= float(high or low)]
        assert row.count == len(inside)
