"""Evaluations in the city file: what they may say, and the place and remedy of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_data.city import City, files_of_cases, read_city
from geo_data.faults import Fault, InputError
from indicators import evaluation
from tests.geo_data.test_city import GOOD

HEAD = """
[[evaluations]]
key = "monthly"
name = { zh = "月度考核", en = "Monthly" }
basis = { zh = "区考核办〔2026〕3号", en = "Rule 3 of 2026" }
"""
WARDS = """
[[evaluations.groups]]
key = "wards"
name = { zh = "区", en = "Wards" }
units = { level = "ward" }
"""
RATE = """
[[evaluations.groups.measures]]
indicator = "on-time-rate"
points = 60
target = 95
floor = 60

[[evaluations.groups.measures]]
indicator = "rework-rate"
points = 40
steps = [{ value = 0, points = 40 }, { value = 2, points = 20 }]
"""
FULL = HEAD + WARDS + RATE


def read(folder: Path, text: str, own: str = "") -> City:
    path = folder / "city.toml"
    path.write_text((own or "") + GOOD + text, encoding="utf-8")
    return read_city(path)


def faults(folder: Path, text: str, own: str = "") -> list[Fault]:
    with pytest.raises(InputError) as caught:
        read(folder, text, own)
    found = list(caught.value.faults)
    for fault in found:
        for language in ("zh-CN", "en"):
            assert "{" not in fault.reason(language) + fault.remedy(language)
    return found


def test_an_evaluation_is_read(tmp_path: Path) -> None:
    city = read(tmp_path, FULL)
    (one,) = evaluation.evaluations_of(city).values()
    assert (one.key, one.best, one.last) == ("monthly", 3, 3)
    assert (one.takes_part.indicator, one.takes_part.least) == ("due-incidents", 1)
    assert [measure.way for measure in one.groups[0].measures] == ["between", "steps"]
    assert City.model_validate_json(city.model_dump_json()).evaluations == city.evaluations


def test_it_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "rules.toml"
    own.write_text(FULL, encoding="utf-8")
    named = 'evaluations = "rules.toml"\n'
    assert read(tmp_path, "", named).evaluations == read(tmp_path, FULL).evaluations
    read(tmp_path, "", named)
    assert own in files_of_cases(tmp_path / "city.toml")
    own.write_text(FULL.replace("points = 60", "points = 50"), encoding="utf-8")
    (fault,) = faults(tmp_path, "", named)
    assert (fault.key, fault.file) == ("evaluation-sum", str(own))
    own.unlink()
    (fault,) = faults(tmp_path, "", named)
    assert (fault.key, fault.file) == ("no-file", str(own))


@pytest.mark.parametrize(
    ("old", "new", "key", "field"),
    [
        ("points = 60", "points = 70", "evaluation-sum", "evaluations.1.groups.1"),
        ("points = 60", "points = 60\nfull-at = 100", "evaluation-way", "measures.1"),
        ("target = 95\n", "", "evaluation-between", "measures.1"),
        ("target = 95", "target = 60", "evaluation-between", "measures.1"),
        ("target = 95\nfloor = 60", "", "evaluation-way", "measures.1"),
        ("target = 95\nfloor = 60", "each = 1\nmost = 61", "evaluation-most", "measures.1"),
        ("target = 95", "most = 3\ntarget = 95", "evaluation-most", "measures.1"),
        ("value = 2, points = 20", "value = 2, points = 50", "evaluation-steps", "measures.2"),
        ("value = 2, points = 20", "value = 0, points = 20", "evaluation-steps", "measures.2"),
        ("value = 0, points = 40", "value = 0, points = 39", "evaluation-first-step", "measures.2"),
        ("rework-rate", "on-time-rate", "evaluation-measures-alike", "groups.1"),
        ('level = "ward"', "", "evaluation-units", "groups.1.units"),
        ('level = "ward"', 'level = "ward", rung = 1', "evaluation-units", "groups.1.units"),
        ('level = "ward"', 'codes = ["a"], kind = "x"', "evaluation-units", "groups.1.units"),
        ('level = "ward"', 'codes = ["a", "a"]', "evaluation-codes-alike", "groups.1.units"),
        ("points = 60", "point = 60", "unknown-key", "measures.1.point"),
        ('level = "ward"', 'levl = "ward"', "unknown-key", "units.levl"),
        ("[[evaluations.groups.measures]]", "[[evaluations.groups.measure]]", "unknown-key", "e"),
        (WARDS + RATE, WARDS + RATE + WARDS + RATE, "evaluation-groups-alike", "evaluations.1"),
        (FULL, FULL + FULL, "evaluations-alike", None),
        ("points = 60", "points = 0", "bad-value", "measures.1.points"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, old: str, new: str, key: str, field: str | None
) -> None:
    assert old in FULL
    found = faults(tmp_path, FULL.replace(old, new))
    told = [fault for fault in found if fault.key == key]
    assert told, [fault.sentence("en") for fault in found]
    assert told[0].file == str(tmp_path / "city.toml")
    assert field is None or field in str(told[0].field)


def test_an_unknown_key_is_told_the_nearest(tmp_path: Path) -> None:
    (fault, *_) = faults(tmp_path, FULL.replace("floor = 60", "flor = 60"))
    assert fault.values["nearest"] == "floor"


@pytest.mark.parametrize(
    ("old", "new", "key", "field"),
    [
        ("on-time-rate", "on-time-rat", "unknown-indicator", "groups.1.measures.1.indicator"),
        ("on-time-rate", "open-incidents", "evaluation-moment", "groups.1.measures.1.indicator"),
        ("on-time-rate", "sensors-online", "evaluation-moment", "groups.1.measures.1.indicator"),
        ('level = "ward"', 'level = "wart"', "evaluation-level", "groups.1.units"),
        ('level = "ward"', "rung = 2", "evaluation-rung", "groups.1.units"),
    ],
)
def test_what_does_not_fit_the_city_is_left_out_and_said(
    tmp_path: Path, old: str, new: str, key: str, field: str
) -> None:
    city = read(tmp_path, FULL.replace(old, new) + FULL.replace("monthly", "yearly"))
    (fault,) = evaluation.faults_of(city)
    assert (fault.key, fault.row, fault.field) == (key, 1, f"evaluations.1.{field}")
    for language in ("zh-CN", "en"):
        assert "{" not in fault.reason(language) + fault.remedy(language)
    # The others are kept.
    assert list(evaluation.evaluations_of(city)) == ["yearly"]


def test_what_is_not_counted_so_far_down_is_refused(tmp_path: Path) -> None:
    block = """
[[levels]]
key = "block"
name = { zh = "块", en = "Block" }
"""
    text = FULL.replace('level = "ward"', 'level = "block"').replace("rework-rate", "turbidity")
    (fault,) = evaluation.faults_of(read(tmp_path, block + text))
    assert (fault.key, fault.values["level"]) == ("evaluation-too-fine", "block")
