"""The city file: what it may say, and what is said when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geo_data.city import City, read_city
from geo_data.faults import Fault, InputError
from geo_data.records import FUNCTIONAL

GOOD = """
code = "C"
name = { zh = "城", en = "City" }
bbox = [121.0, 31.0, 121.1, 31.1]
metric-crs = "EPSG:4549"

[[levels]]
key = "city"
name = { zh = "市", en = "City" }

[[levels]]
key = "ward"
name = { zh = "区", en = "Ward" }

[[sources]]
layer = "regions"
level = "ward"
file = "wards.geojson"
"""


def fault_in(tmp_path: Path, text: str | bytes) -> Fault:
    path = tmp_path / "city.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as error:
        read_city(path)
    assert error.value.exit_code == 2
    (fault,) = error.value.faults
    assert fault.file == str(path)
    assert "{" not in fault.sentence("zh-CN").replace(GOOD, "")
    return fault


def test_a_city_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_text("\ufeff" + GOOD, encoding="utf-8")
    city = read_city(path)
    assert (city.root_level, city.finest_level, city.child_level("city")) == (
        "city",
        "ward",
        "ward",
    )
    assert city.child_level("ward") is None
    assert city.child_level(FUNCTIONAL) is None
    assert city.level("ward").name("en") == "Ward"
    assert city.folder == tmp_path
    assert str(city.zone) == "Asia/Shanghai"


def test_the_example_of_the_guide_is_read(example_city: Path) -> None:
    assert read_city(example_city).level_keys == ("city", "ward", "precinct")


def test_a_basemap_is_found_from_wherever_the_program_runs(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_text(GOOD + '[basemap]\nfile = "tiles/ground.mbtiles"\n', encoding="utf-8")
    basemap = read_city(path).basemap
    assert basemap is not None
    assert basemap.file == tmp_path / "tiles" / "ground.mbtiles"


@pytest.mark.parametrize(
    ("old", "new", "field", "key", "nearest"),
    [
        ("metric-crs =", "metric-csr =", "metric-csr", "metric-csr", "metric-crs"),
        ("file =", "flie =", "sources.1.flie", "flie", "file"),
        ('key = "ward"', 'key = "ward"\nname-of = 1', "levels.2.name-of", "name-of", "name"),
        ('en = "Ward"', 'en = "Ward", enn = "x"', "levels.2.name.enn", "enn", "en"),
        ("bbox =", "[basemap]\nulr = 'x'\n[x]\nbbox =", "basemap.ulr", "ulr", "url"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    tmp_path: Path, old: str, new: str, field: str, key: str, nearest: str
) -> None:
    path = tmp_path / "city.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_city(path)
    found = [fault for fault in error.value.faults if fault.field == field]
    assert [(fault.key, fault.values) for fault in found] == [
        ("unknown-key", {"key": key, "nearest": nearest})
    ]


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ('code = "C"', "", "missing-key", "code"),
        ("[121.0, 31.0, 121.1, 31.1]", "[121.1, 31.0, 121.0, 31.1]", "bbox-order", "西"),
        ("[121.0, 31.0, 121.1, 31.1]", "[121.0, 31.0, 121.1, 91.1]", "bad-value", "90"),
        ("EPSG:4549", "EPSG:454999", "unknown-metric-crs", "EPSG:454999"),
        ("EPSG:4549", "EPSG:4490", "not-metric", "EPSG:4490"),
        ('key = "ward"', 'key = "city"', "levels-alike", "key"),
        ('key = "ward"', 'key = "ward"\ncode-pattern = "("', "bad-pattern", "("),
        ('level = "ward"', 'level = "wrad"', "unknown-level", "ward"),
        ('layer = "regions"', 'layer = "region"', "bad-value", "regions"),
        ('layer = "regions"', 'layer = "places"', "no-kind", "places"),
        ("file =", 'columns = { nmae = "x" }\nfile =', "unknown-field", "name"),
        ("file =", 'values = { kidn = { a = "b" } }\nfile =', "unknown-field", "kind"),
        ("file =", 'without-location = "parent"\nfile =', "parent-only-places", "places"),
        ("bbox =", 'timezone = "Asia/Shangai"\nbbox =', "unknown-timezone", "Asia/Shanghai"),
        ('code = "C"', 'code = "C', "not-toml", "TOML"),
    ],
)
def test_a_wrong_value_is_told_with_a_remedy(
    tmp_path: Path, old: str, new: str, key: str, word: str
) -> None:
    assert old in GOOD
    fault = fault_in(tmp_path, GOOD.replace(old, new, 1))
    assert fault.key == key
    assert word in fault.sentence("zh-CN")


def test_a_file_that_is_not_there_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_city(tmp_path / "none.toml")
    assert error.value.faults[0].key == "no-file"
    assert fault_in(tmp_path, 'code = "城"'.encode("gb18030")).key == "not-utf8"


def test_one_level_is_no_chain(tmp_path: Path) -> None:
    head, _, rest = GOOD.partition('[[levels]]\nkey = "ward"')
    tail = rest.partition("[[sources]]")[0]
    fault = fault_in(tmp_path, head + "#" + tail.strip().replace("\n", "\n#"))
    assert (fault.key, fault.field) == ("bad-value", "levels")


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_text(GOOD.replace("EPSG:4549", "x").replace("file =", "flie ="), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_city(path)
    keys = [fault.key for fault in error.value.faults]
    assert sorted(keys) == ["unknown-key", "unknown-metric-crs"]
    assert len(error.value.sentences("en")) == 2


@given(
    west=st.floats(-180, 180, allow_nan=False),
    east=st.floats(-180, 180, allow_nan=False),
    south=st.floats(-90, 90, allow_nan=False),
    north=st.floats(-90, 90, allow_nan=False),
)
def test_a_bbox_is_in_order_or_refused(
    west: float, east: float, south: float, north: float
) -> None:
    table = {
        "code": "C",
        "name": {"zh": "城", "en": "City"},
        "bbox": (west, south, east, north),
        "metric-crs": "EPSG:4549",
        "levels": [{"key": key, "name": {"zh": key, "en": key}} for key in ("city", "ward")],
    }
    if west < east and south < north:
        assert City.model_validate(table).bbox == (west, south, east, north)
    else:
        with pytest.raises(ValidationError):
            City.model_validate(table)


def test_every_key_and_field_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "city-file.md").read_text(encoding="utf-8")
    from geo_data.city import Basemap
    from geo_data.duty_roster import DutyShift
    from geo_data.evaluations import Evaluation, Group, Measure, TakesPart, Units
    from geo_data.intakes import Intake
    from geo_data.levels import Level, Unit
    from geo_data.report_rules import ReportRules
    from geo_data.schedules import Schedule
    from geo_data.sources import FIELDS, Limits, Source
    from geo_data.ways_in import Folder, ForeignTable, Mqtt

    keys = {
        info.alias or name
        for model in (
            City,
            Level,
            Unit,
            Source,
            Basemap,
            Limits,
            Intake,
            Mqtt,
            ForeignTable,
            Folder,
            Schedule,
            DutyShift,
            ReportRules,
            *(Evaluation, Group, Measure, TakesPart, Units),
        )
        for name, info in model.model_fields.items()
        if not info.exclude
    }
    fields = {field for layer in FIELDS.values() for field in layer}
    assert [key for key in sorted(keys | fields) if f"`{key}`" not in guide] == []
