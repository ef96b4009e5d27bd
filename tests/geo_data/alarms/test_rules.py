"""Rules are validated data: the program's, and what a city file changes of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from geo_data.alarms.conditions import LEVELS, Condition
from geo_data.alarms.rules import (
    CityAlarms,
    Opening,
    Rule,
    rules_in_force,
    sets_in_force,
    shipped,
)
from geo_data.city import City, read_city
from geo_data.dictionaries import sensor_kinds
from geo_data.faults import InputError
from geo_data.ladders import Severity, WarningLevel
from geo_data.store.file import city_text

RULE = """
key = "noisy"
name = { zh = "噪声", en = "Noise" }
kind = "noise"
unit = "dB(A)"
any-of = [{ measure = "mean", minutes = 15, yellow = 70, red = 80, hysteresis = 3 }]
effective-from = 2026-01-01
source = "区环保〔2026〕1号"
"""
CITY = """
code = "c"
name = { zh = "市", en = "City" }
bbox = [121.0, 31.0, 121.2, 31.2]
metric-crs = "EPSG:4549"
levels = [
  { key = "district", name = { zh = "区", en = "District" } },
  { key = "town", name = { zh = "镇", en = "Town" } },
]
"""


def rule(text: str = RULE, **changes: object) -> Rule:
    return Rule.model_validate(tomllib.loads(text) | changes)


def city_with(tmp_path: Path, alarms: str) -> City:
    path = tmp_path / "city.toml"
    path.write_text(CITY + alarms, encoding="utf-8")
    return read_city(path)


def test_the_shipped_rules_speak_of_kinds_in_their_units_and_say_where_they_come_from() -> None:
    kinds = sensor_kinds()
    assert len(shipped().rules) > 10
    for one in shipped().rules:
        assert one.kind in kinds
        assert kinds[one.kind].unit == one.unit
        low, high = kinds[one.kind].plausible
        for condition in one.any_of:
            if condition.measure == "value":
                assert all(low <= limit <= high for limit in condition.limits.values())
        assert {one.label(language) for language in ("zh-CN", "en")} != {one.key}
        # A default that nobody confirmed says so to people, not only to programs.
        if one.unverified:
            assert "未核实" in one.source_in("zh-CN")
            assert "unverified" in one.source_in("en")


def test_rainstorm_sets_have_the_published_limits_and_are_never_both_in_force() -> None:
    def limits(set_key: str) -> list[tuple[int, dict[WarningLevel, float]]]:
        (one,) = (
            rule for rule in rules_in_force(chosen(set_key)).values() if rule.kind == "rain-gauge"
        )
        assert one.set == set_key
        return [(int(each.minutes or 60), each.limits) for each in one.any_of]

    def chosen(set_key: str) -> CityAlarms:
        return CityAlarms(in_force={"rainstorm": set_key})

    red, orange, yellow, blue = WarningLevel
    assert limits("shanghai") == [
        (60, {blue: 35, yellow: 50, orange: 80, red: 100}),
        (360, {blue: 50, yellow: 80, orange: 100, red: 150}),
    ]
    assert limits("national") == [
        (720, {blue: 50}),
        (360, {yellow: 50}),
        (180, {orange: 50, red: 100}),
    ]
    (shanghai,) = (one for one in shipped().rules if one.set == "shanghai")
    assert [level for level in WarningLevel if not shanghai.is_verified(level)] == [red]
    assert sets_in_force(CityAlarms())["rainstorm"].key == "shanghai"


def test_a_city_replaces_switches_off_and_adds(tmp_path: Path) -> None:
    city = city_with(
        tmp_path,
        """
        [alarms]
        in-force = { rainstorm = "national" }
        off = ["smoke"]
        [[alarms.rules]]
        key = "gas-leak"
        name = { zh = "燃气", en = "Gas" }
        kind = "gas-leak"
        unit = "%LEL"
        any-of = [{ measure = "value", orange = 20, red = 50 }]
        regions = ["c01"]
        place-kinds = ["restaurant"]
        effective-from = 2026-01-01
        source = "本区规定"
        opens-incident = { category = "0403", from-level = "red", severity = 3 }
        [[alarms.rules]]
        """
        + RULE,
    )
    assert city.rules["gas-leak"].regions == ("c01",)
    assert city.rules["gas-leak"].source_in("en") == "本区规定"
    assert "smoke" not in city.rules
    assert "noisy" in city.rules
    assert "rainstorm-national" in city.rules
    assert "rainstorm-shanghai" not in city.rules
    # The store keeps the city without its file.
    kept = City.model_validate_json(city_text(city))
    assert kept.rules == city.rules


@pytest.mark.parametrize(
    ("alarms", "fault", "nearest"),
    [
        ('off = ["smok"]', "rule-off", "smoke"),
        ('in-force = { rainstorm = "shangai" }', "rule-set", "shanghai"),
        ('in-force = { snow = "shanghai" }', "rule-set", ""),
        ("of = []", "unknown-key", "off"),
        (f'rules = [{{ {", ".join(RULE.strip().splitlines())}, set = "x" }}]', "rule-set", None),
        ('rules = [{ kye = "a" }]', "unknown-key", "key"),
    ],
)
def test_a_wrong_city_file_names_the_nearest(
    tmp_path: Path, alarms: str, fault: str, nearest: str | None
) -> None:
    with pytest.raises(InputError) as error:
        city_with(tmp_path, f"[alarms]\n{alarms}\n")
    (found,) = [one for one in error.value.faults if one.key == fault]
    assert found.file
    assert str(found.field).startswith("alarms")
    if nearest is not None:
        assert found.values["nearest"] == nearest


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kind": None}, "rule-subject"),
        ({"metric": "noise"}, "rule-subject"),
        ({"unit": "dB"}, "rule-unit"),
        ({"escalate": [{"after-min": n, "to": {"zh": "甲", "en": "A"}} for n in (9, 5)]}, "-esc"),
        ({"any-of": [{"measure": "value"}]}, "rule-no-limit"),
        ({"any-of": [{"measure": "value", "blue": 80, "red": 70}]}, "rule-limits-order"),
        ({"any-of": [{"measure": "value", "when": "<", "blue": 1, "red": 2}]}, "limits-order"),
        ({"any-of": [{"measure": "value", "minutes": 5, "red": 2}]}, "rule-minutes"),
        ({"any-of": [{"measure": "sum", "red": 2}]}, "rule-minutes"),
        ({"any-of": [{"measure": "max", "minutes": 9, "one-per-min": 3, "red": 2}]}, "one-per-min"),
        ({"any-of": [{"measure": "sum", "minutes": 9, "one-per-min": 2, "red": 2}]}, "one-per-min"),
        ({"any-of": [{"measure": "absence", "when": "<", "red": 2}]}, "rule-absence"),
        ({"any-of": [{"measure": "absence", "red": n} for n in (2, 3)]}, "rule-absence"),
        ({"opens-incident": {"category": "0499"}}, "rule-category"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError) as error:
        rule(**changes)
    assert any(fault in one["ctx"]["fault"] for one in error.value.errors())


def test_a_case_is_opened_from_its_level_on_and_its_severity_is_its_own() -> None:
    opening = Opening.model_validate({"category": "0406", "from-level": "orange", "severity": 2})
    assert [opening.asks(level) for level in WarningLevel] == [True, True, False, False]
    assert opening.case_severity is Severity.MAJOR


def test_release_lies_on_the_good_side_of_the_limit() -> None:
    rising = Condition(measure="value", yellow=10, hysteresis=2)
    falling = Condition(measure="value", when="<", yellow=10, hysteresis=2)
    assert rising.release(WarningLevel.YELLOW).value == 8
    assert falling.release(WarningLevel.YELLOW).value == 12
    assert list(LEVELS) == ["blue", "yellow", "orange", "red"]
