"""A full disk while a file is written: it is said as such, and nothing broken is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo_data.extracts import FORMATS, write_tables
from geo_data.faults import InputError
from geo_data.settings import Settings
from geo_data.store import Store
from layers.print import Sheet, save
from layers.print.request import KINDS, Format
from tests.dashboard.exporting.working import over, serving
from tests.geo_data.extracts.test_files import AT, COVER, table
from tests.geo_data.lived_city import make_lived_city
from tests.layers.print.asking import sheet_of


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_lived_city(tmp_path_factory.mktemp("full") / "city.gpkg")
    yield store
    store.close()


@pytest.fixture(scope="module")
def sheet(city: Store) -> Sheet:
    return sheet_of(city, template="200x160mm")


def scrambled(n: int) -> str:
    return "".join(chr(0x4E00 + (n * 7919 + k * k * 104729) % 20000) for k in range(60))


def fill(disk: Path, left: int = 8192) -> Path:
    """Leave so many bytes."""
    ballast = disk / "ballast"
    told = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(bytes(told.f_bavail * told.f_frsize - left))
    return ballast


@pytest.mark.parametrize("format_key", FORMATS)
def test_a_full_disk_is_said_and_leaves_nothing(small_disk: Path, format_key: str) -> None:
    # Texts that no packing makes small.
    rows = [(f"{n:06}", scrambled(n), n, n / 7, True, AT, 121.0, 31.0) for n in range(40_000)]
    path = small_disk / f"file{FORMATS[format_key].ending}"
    with pytest.raises(InputError) as caught:
        write_tables(format_key, [table(rows)], COVER, path)
    assert caught.value.faults[0].key == "export-disk-full"
    assert "Make room" in caught.value.faults[0].remedy("en")
    assert list(small_disk.iterdir()) == []
    write_tables(format_key, [table()], COVER, path)
    assert [one.name for one in small_disk.iterdir()] == [path.name]


@pytest.mark.parametrize("format", KINDS)
def test_a_sheet_has_its_place_or_is_not_there(
    small_disk: Path, sheet: Sheet, format: Format
) -> None:
    path = small_disk / f"map{KINDS[format].ending}"
    ballast = fill(small_disk)
    with pytest.raises(InputError) as caught:
        save(sheet, path)
    assert caught.value.exit_code == 3
    assert caught.value.faults[0].key == "sheet-disk-full"
    assert list(small_disk.iterdir()) == [ballast]
    ballast.unlink()
    size = save(sheet, path)
    assert [(one.name, one.stat().st_size) for one in small_disk.iterdir()] == [(path.name, size)]


@pytest.mark.parametrize("format", KINDS)
def test_a_sheet_beyond_a_quota_leaves_the_old_one(
    tmp_path: Path, sheet: Sheet, short_files: None, format: Format
) -> None:
    path = tmp_path / f"map{KINDS[format].ending}"
    path.write_bytes(b"old")
    with pytest.raises(InputError) as caught:
        save(sheet, path)
    assert caught.value.faults[0].key == "sheet-disk-full"
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(path.name, b"old")]


def test_an_export_on_a_full_disk_fails_with_a_remedy_and_the_next_one_is_made(
    small_disk: Path, city: Store, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, export_dir=small_disk / "exports", export_workers=1)
    ballast = fill(small_disk)
    asked = {"format": "pdf", "template": "200x160mm", "region": "t1"}
    with serving(city, settings) as client:
        told = over(client, client.post("/api/v1/exports", json=asked).json()["number"])
        assert told["state"] == "failed"
        assert "Make room" in told["problems"][0]["remedy"]
        assert list((small_disk / "exports").iterdir()) == []
        ballast.unlink()
        told = over(client, client.post("/api/v1/exports", json=asked).json()["number"])
        assert told["state"] == "done", told
    assert [one.stat().st_size for one in (small_disk / "exports").iterdir()] == [told["bytes"]]
