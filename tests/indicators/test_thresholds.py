"""Thresholds: the shipped rows judge as the rules say; a wrong file is refused whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data.faults import InputError
from indicators.catalog import indicators
from indicators.thresholds import FILE, Threshold, Thresholds, read_thresholds, shipped

TODAY = date(2025, 6, 1)
ROW = """
[[thresholds]]
indicator = "{indicator}"
rule = "{rule}"
{limits}
basis = {{ zh = "测试", en = "test" }}
verified = false
effective-from = {day}
source = "test"
"""


def row(
    indicator: str = "pm25", rule: str = ">", limits: str = "red = 150", day: str = "2025-01-01"
) -> str:
    return ROW.format(indicator=indicator, rule=rule, limits=limits, day=day)


def read(folder: Path, text: str) -> Thresholds:
    path = folder / "thresholds.toml"
    path.write_text(text, encoding="utf-8")
    return read_thresholds(path, indicators().keys())


def faults(folder: Path, text: str) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    for sentence in caught.value.sentences("en") + caught.value.sentences("zh-CN"):
        assert "thresholds.toml" in sentence
    assert caught.value.exit_code == 2
    return [(fault.key, fault.row, fault.field) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("indicator", "value", "status"),
    [
        ("on-time-rate", 95.0, "normal"),
        ("on-time-rate", 94.9, "yellow"),
        ("on-time-rate", 89.9, "red"),
        ("rework-rate", 1.0, "normal"),
        ("rework-rate", 1.1, "yellow"),
        ("pipe-pressure", 0.16, "normal"),
        ("pipe-pressure", 0.15, "yellow"),
        ("pipe-pressure", 0.13, "red"),
        ("turbidity", 1.0, "normal"),
        ("turbidity", 1.01, "red"),
        ("residual-chlorine", 0.04, "red"),
        ("power-load", 90.0, "yellow"),
        ("gas-leaks", 0.0, "normal"),
        ("gas-leaks", 1.0, "red"),
        ("crowd", 69.9, "normal"),
        ("crowd", 70.0, "blue"),
        ("crowd", 85.0, "yellow"),
        ("crowd", 100.0, "red"),
        ("lit-rate", 97.0, "yellow"),
        ("rain-1h", 34.9, "normal"),
        ("rain-1h", 35.0, "blue"),
        ("rain-1h", 50.0, "yellow"),
        ("rain-1h", 80.0, "orange"),
        ("rain-1h", 100.0, "red"),
        ("underpass-water", 15.0, "yellow"),
        ("underpass-water", 25.0, "red"),
    ],
)
def test_shipped_rows_judge_as_the_rules_say(indicator: str, value: float, status: str) -> None:
    threshold = shipped().at(indicator, TODAY)
    assert threshold is not None
    assert threshold.status(value) == status


def test_shipped_rows_say_what_they_rest_on() -> None:
    for rows in shipped().rows().values():
        for threshold in rows:
            unproven = "未核实" in threshold.basis.zh, "unverified" in threshold.basis.en
            assert unproven[0] == unproven[1], threshold.indicator
            assert not threshold.verified
    assert FILE.is_file()


def test_newest_row_in_effect_wins(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        row(limits="red = 100", day="2025-07-01") + row(limits="red = 150", day="2025-01-01"),
    )
    limits = {
        day: threshold.red if (threshold := rows.at("pm25", date.fromisoformat(day))) else None
        for day in ("2024-12-31", "2025-01-01", "2025-06-30", "2025-07-01")
    }
    assert limits == {"2024-12-31": None, "2025-01-01": 150, "2025-06-30": 150, "2025-07-01": 100}
    assert rows.at("dust", TODAY) is None


def test_band_is_good_inside_and_at_its_ends(tmp_path: Path) -> None:
    limits = "yellow = [6.5, 8.5]\nred = [6, 9]"
    threshold = read(tmp_path, row(rule="outside", limits=limits)).at("pm25", TODAY)
    assert threshold is not None
    values = [5.9, 6.0, 6.4, 6.5, 7.0, 8.5, 8.6, 9.1]
    assert [threshold.status(value) for value in values] == [
        *("red", "yellow", "yellow", "normal", "normal", "normal", "yellow", "red")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (row(indicator="pm2.5"), ("unknown-key", 1, "indicator")),
        (row(rule="=>"), ("bad-value", 1, "rule")),
        (row(limits=""), ("threshold-none", 1, None)),
        (row(limits="yellow = 150\nred = 115"), ("threshold-order", 1, None)),
        (row(rule="<", limits="yellow = 90\nred = 95"), ("threshold-order", 1, None)),
        (row(limits="yellow = 150\nred = 150"), ("threshold-order", 1, None)),
        (row(limits="red = [1, 2]"), ("threshold-shape", 1, None)),
        (row(rule="outside", limits="red = 3"), ("threshold-shape", 1, None)),
        (row(rule="outside", limits="red = [3, 2]"), ("threshold-band", 1, None)),
        (row(rule="outside", limits="yellow = [1, 9]\nred = [2, 8]"), ("threshold-order", 1, None)),
        (row(limits="red = nan"), ("bad-value", 1, None)),
        (row(limits="rad = 3\nred = 2"), ("unknown-key", 1, "rad")),
        (row(day='"soon"'), ("bad-value", 1, "effective-from")),
        (row().replace('source = "test"', ""), ("missing-key", 1, "source")),
        (row() + row(limits="red = 9"), ("bad-value", 2, "effective-from")),
        (row() + "[[threshold]]\n", ("unknown-key", None, "threshold")),
        ("thresholds = 3", ("bad-value", 1, None)),
        ("[[thresholds]", ("not-toml", None, None)),
    ],
)
def test_a_wrong_file_is_refused(
    tmp_path: Path, text: str, expected: tuple[str, int | None, str | None]
) -> None:
    found = faults(tmp_path, text)
    key, number, field = expected
    assert [(key, number) == (one[0], one[1]) for one in found] == [True] * len(found)
    if field is not None:
        assert found[0][2] == field


def test_all_faults_of_a_file_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, row(indicator="pm2.5") + row(limits="") + row(rule="!"))
    assert [number for _, number, _ in found] == [2, 3, 1]


def test_nearest_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    path.write_text(row(indicator="on-time"), encoding="utf-8")
    with pytest.raises(InputError, match="on-time-rate"):
        read_thresholds(path, indicators().keys())


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_thresholds(tmp_path / "none.toml", [])
    assert caught.value.faults[0].key == "no-file"
    path = tmp_path / "latin.toml"
    path.write_bytes("# Schwelle über".encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read_thresholds(path, [])
    assert caught.value.faults[0].key == "not-utf8"


@given(st.sampled_from(sorted(shipped().rows())), st.floats(-1e4, 1e4), st.floats(0, 1e4))
def test_worse_values_are_never_judged_milder(indicator: str, value: float, more: float) -> None:
    order = ("normal", "blue", "yellow", "orange", "red")
    threshold: Threshold | None = shipped().at(indicator, TODAY)
    assert threshold is not None
    worse = value + more if threshold.rule[0] == ">" else value - more
    assert order.index(threshold.status(worse)) >= order.index(threshold.status(value))
