"""The dictionaries are whole, and their thresholds judge the way the domain says."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from geo_data import dictionaries
from geo_data.case_stages import MAIN_LINE
from geo_data.records import SensorState, Severity, Stage
from geo_data.time_limits import default_limits
from geo_data.words import LANGUAGES


@pytest.mark.parametrize("name", dictionaries.NAMES)
def test_every_dictionary_says_where_it_comes_from(name: str) -> None:
    edition = dictionaries.edition(name)
    assert len(edition.source) > 10
    assert edition.version


def test_no_file_is_left_out_of_the_names() -> None:
    files = {path.stem for path in dictionaries.FOLDER.glob("*.toml")}
    assert files == {*dictionaries.NAMES, "time-limits"}


@pytest.mark.parametrize("name", dictionaries.NAMES)
def test_wordings_differ_within_a_language(name: str) -> None:
    terms = dictionaries.dictionary(name).values()
    for language in LANGUAGES:
        labels = [term.label(language) for term in terms]
        assert len(set(labels)) == len(labels)


def test_channels_are_the_nine_of_the_domain_and_three_find_by_themselves() -> None:
    channels = dictionaries.channels()
    assert len(channels) == 9
    assert {key for key, channel in channels.items() if channel.proactive} == {
        "patrol",
        "iot",
        "video",
    }
    assert dictionaries.channel("hotline").group.label() == "市民端"


def test_every_stage_and_severity_has_a_wording() -> None:
    assert set(dictionaries.stages()) == set(Stage)
    assert tuple(dictionaries.stages())[: len(MAIN_LINE)] == MAIN_LINE
    assert set(dictionaries.severities()) == set(Severity)
    assert dictionaries.severity(1).label() == "特别重大"


def test_every_category_has_a_major_class_and_a_limit() -> None:
    for code, category in dictionaries.categories().items():
        assert len(code) == 4
        assert category.major.key == code[:2]
        assert default_limits().editions(code)


@pytest.mark.parametrize(
    ("kind", "value", "state"),
    [
        ("pipe-pressure", 0.16, SensorState.NORMAL),
        ("pipe-pressure", 0.1599, SensorState.WARNING),
        ("pipe-pressure", 0.1399, SensorState.ALARM),
        ("turbidity", 1.0, SensorState.WARNING),
        ("turbidity", 1.01, SensorState.ALARM),
        ("residual-chlorine", 0.05, SensorState.WARNING),
        ("residual-chlorine", 0.04, SensorState.ALARM),
        ("rain-gauge", 34.9, SensorState.NORMAL),
        ("rain-gauge", 35.0, SensorState.WARNING),
        ("underpass-water", 25.0, SensorState.ALARM),
        ("gas-leak", 50.0, SensorState.ALARM),
        ("camera-online", 0.0, SensorState.WARNING),
        ("smoke", 1.0, SensorState.ALARM),
    ],
)
def test_thresholds_judge_as_the_domain_says(kind: str, value: float, state: SensorState) -> None:
    assert dictionaries.sensor_kind(kind).judge(np.array([value]))[0] == state


def test_a_metric_belongs_to_one_kind() -> None:
    metrics = [kind.metric for kind in dictionaries.sensor_kinds().values()]
    assert len(metrics) >= 12
    assert len(set(metrics)) == len(metrics)


def test_what_no_instrument_measures_is_not_plausible() -> None:
    turbidity = dictionaries.sensor_kind("turbidity")
    values = np.array([0.0, -0.1, np.nan, np.inf, 5.0])
    assert turbidity.is_plausible(values).tolist() == [True, False, False, False, True]


@pytest.mark.parametrize(
    "change",
    [
        {"alarm": {"when": "<", "value": 0.2}},
        {"alarm": {"when": ">", "value": 0.14}},
        {"plausible": (2.0, 1.0)},
        {"warning": {"when": "<", "value": -1.0}},
        {"period_s": 0},
    ],
)
def test_a_contradictory_sensor_kind_is_refused(change: dict[str, object]) -> None:
    good = dictionaries.sensor_kind("pipe-pressure").model_dump()
    with pytest.raises(ValidationError):
        dictionaries.SensorKind.model_validate(good | change)


def test_a_place_kind_nobody_listed_is_shown_by_its_key() -> None:
    assert dictionaries.place_kind("village").label() == "村居"
    assert dictionaries.place_kind("lighthouse").label("en") == "lighthouse"


def test_a_key_that_no_dictionary_lists_is_shown_as_it_is() -> None:
    assert dictionaries.word("categories", "0102", "en") == dictionaries.categories()["0102"].label(
        "en"
    )
    assert dictionaries.word("categories", "9999", "en") == "9999"
    assert dictionaries.word("channels", "carrier-pigeon") == "carrier-pigeon"
