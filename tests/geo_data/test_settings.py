"""Settings: who wins, and what is said about what nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_data.faults import InputError
from geo_data.settings import Settings, read_settings


def test_defaults_are_those_of_the_readme() -> None:
    settings = read_settings(environment={})
    assert (settings.host, settings.port, settings.language) == ("127.0.0.1", 8050, "zh-CN")
    assert settings.city is None
    assert settings.store_path == Path("data") / "city.gpkg"


def test_the_environment_wins_over_the_city_file_and_the_command_line_over_both() -> None:
    declared = {"port": 1, "host": "a", "simulator-rate": 1.0}
    environment = {"YIPING_PORT": "2", "YIPING_HOST": "b", "HOME": "/", "YIPING_REQUIRE": "mqtt"}
    settings = read_settings(declared, environment, port=3, host=None)
    assert (settings.port, settings.host, settings.simulator_rate) == (3, "b", 1.0)


def test_a_database_url_names_the_file() -> None:
    environment = {"YIPING_DATABASE_URL": "sqlite:///elsewhere/a.gpkg"}
    assert read_settings(environment=environment).store_path == Path("elsewhere/a.gpkg")


@pytest.mark.parametrize(
    ("declared", "environment", "field", "nearest"),
    [
        ({}, {"YIPING_PROT": "1"}, "YIPING_PROT", "YIPING_PORT"),
        ({}, {"YIPING_DATADIR": "1"}, "YIPING_DATADIR", "YIPING_DATA_DIR"),
        ({"simulator-rat": 1}, {}, "simulator-rat", "simulator-rate"),
    ],
)
def test_an_unknown_setting_is_told_the_nearest(
    declared: dict[str, object], environment: dict[str, str], field: str, nearest: str
) -> None:
    with pytest.raises(InputError) as error:
        read_settings(declared, environment)
    (fault,) = error.value.faults
    assert (fault.key, fault.field, fault.values["nearest"]) == ("unknown-setting", field, nearest)
    assert nearest in fault.sentence("zh-CN")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YIPING_PORT", "eighty"),
        ("YIPING_PORT", "65536"),
        ("YIPING_LANGUAGE", "fr"),
        ("YIPING_SIMULATOR_SPEED", "0"),
        ("YIPING_SIMULATOR_RATE", "-1"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(InputError) as error:
        read_settings(environment={name: value})
    (fault,) = error.value.faults
    assert (fault.key, fault.field) == ("bad-value", name)
    assert error.value.exit_code == 2


def test_settings_do_not_change_while_the_process_runs() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]
