"""What a city file may say of a table, and what is said of a table that is not as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from geo_data.city import read_city
from geo_data.faults import InputError
from geo_data.intakes import Intake
from tests.geo_data.foreign import (
    ForeignFile,
    add_readings,
    make_readings,
    opened,
    poller_of,
    readings,
    second,
    table_of,
)
from tests.stores import Files


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "postgresql+psycopg://a:secret@h/b"}, "password"),
        ({"url": "nonsense"}, "fault"),
        ({"limit": 0}, "limit"),
        ({"mark": ""}, "mark"),
    ],
)
def test_what_cannot_be_declared(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Intake.model_validate(
            {"key": "a", "tells": "stages", "table": table_of("sqlite:///a.db") | more}
        )
    assert said in str(error.value.errors(include_input=False))
    assert "secret" not in str(error.value.errors(include_input=False))


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    store = opened(Files(tmp_path))
    for intake, key, near in (
        (readings(foreign.url, mark="chaged"), "no-table-column", "changed"),
        (readings(foreign.url, table="tld"), "no-table", "told"),
    ):
        with pytest.raises(InputError) as error:
            poller_of(store, intake)()
        (fault,) = error.value.faults
        assert (fault.key, fault.values["nearest"]) == (key, near)
    store.close()


def test_a_page_of_marks_that_are_none_is_told(tmp_path: Path) -> None:
    foreign = ForeignFile(tmp_path / "grid.db")
    make_readings(foreign)
    add_readings(foreign, *(("s1", 1, second(n), "soon") for n in range(3)))
    intake = readings(foreign.url, limit=2)
    store = opened(Files(tmp_path), intake)
    with pytest.raises(InputError, match="soon"):
        poller_of(store, intake)()
    store.close()


def test_a_city_file_names_a_file_beside_it(tmp_path: Path, example_city: Path) -> None:
    folder = tmp_path / "city"
    folder.mkdir()
    more = '[[intakes]]\nkey = "grid"\ntells = "stages"\n[intakes.table]\n'
    way = 'url = "sqlite:///grid.db"\ntable = "t"\nmark = "id"\n'
    for source in example_city.parent.iterdir():
        (folder / source.name).symlink_to(source)
    (folder / "mine.toml").write_text(
        example_city.read_text("utf-8") + "\n" + more + way, encoding="utf-8"
    )
    (intake,) = read_city(folder / "mine.toml").intakes
    assert intake.table is not None
    assert intake.table.url == f"sqlite:///{folder}/grid.db"
    (folder / "mine.toml").write_text(
        example_city.read_text("utf-8") + "\n" + more + way + "evry-s = 5\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as error:
        read_city(folder / "mine.toml")
    assert error.value.faults[0].values == {"key": "evry-s", "nearest": "every-s"}
