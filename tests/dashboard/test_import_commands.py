"""``import --upsert``, ``check`` and ``--html`` as one types them, on both stores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import pytest

from dashboard import commands
from geo_data import queries
from geo_data.records import Scope
from geo_data.store import open_store
from tests.conftest import EXAMPLE
from tests.stores import Address, Stores


@pytest.fixture
def city_file(tmp_path: Path) -> Path:
    """The invented city with files of its own, to be changed."""
    folder = tmp_path / "city"
    shutil.copytree(EXAMPLE.parent, folder)
    return folder / EXAMPLE.name


@pytest.fixture
def address(stores: Stores) -> Address:
    return stores.new()


def run(address: Address, tmp_path: Path, *arguments: object) -> int:
    url = address if isinstance(address, str) else f"sqlite:///{address}"
    environment = {"YIPING_DATA_DIR": str(tmp_path), "YIPING_DATABASE_URL": url}
    given = [*(str(one) for one in arguments), "--lang", "en"]
    return commands.run(given, lambda *_: None, environment)


def towers(address: Address) -> set[str]:
    store = open_store(address)
    try:
        return set(queries.places(store, Scope.everything(), ["building"])["code"])
    finally:
        store.close()


def test_upsert_keeps_what_the_file_no_longer_has(
    city_file: Path, address: Address, tmp_path: Path
) -> None:
    assert run(address, tmp_path, "import", city_file) == 0
    before = towers(address)
    path = city_file.parent / "buildings.geojson"
    left = gpd.read_file(path).iloc[3:]
    left.to_file(path)

    assert run(address, tmp_path, "import", city_file, "--upsert") == 0
    assert towers(address) == before
    assert run(address, tmp_path, "import", city_file) == 0
    assert len(towers(address)) == len(before) - 3


def test_a_whole_store_is_checked_and_found_so(
    city_file: Path, address: Address, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(address, tmp_path, "import", city_file) == 0
    capsys.readouterr()
    assert run(address, tmp_path, "check", "--city", city_file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert not [each for each in told["findings"] if each["outcome"] == "refused"]


def test_the_page_is_written_beside_the_report(
    city_file: Path, address: Address, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert run(address, tmp_path, "import", city_file, "--check", "--html", page) == 0
    text = page.read_text("utf-8")
    assert "<svg" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert str(page) in capsys.readouterr().err
    nowhere = tmp_path / "no" / "folder.html"
    assert run(address, tmp_path, "import", city_file, "--check", "--html", nowhere) == 2
    assert str(nowhere) in capsys.readouterr().err
