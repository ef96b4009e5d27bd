"""``import --upsert``, ``check`` and ``--html`` as one types them, on both stores."""

from __future__ import annotations

import json
import re
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


@pytest.mark.parametrize(("language", "said"), [("zh", "全部拒收"), ("en", "nothing was written")])
def test_a_refusal_of_everything_has_its_page_too(
    city_file: Path, tmp_path: Path, language: str, said: str
) -> None:
    wards = city_file.with_name("wards.geojson")
    table = json.loads(wards.read_text("utf-8"))
    for number, each in enumerate(table["features"]):
        each["properties"] = {**each["properties"], "ward_id": f"bad {number}"}
    wards.write_text(json.dumps(table), "utf-8")
    page = tmp_path / "refused.html"
    typed = ["import", str(city_file), "--html", str(page), "--lang", language]
    assert commands.run(typed, lambda *_: None, {"YIPING_DATA_DIR": str(tmp_path / "data")}) == 2
    text = page.read_text("utf-8")
    assert said in text
    # The terminal names the first three; the page has them all, with a sign on the map.
    for number, _ in enumerate(table["features"]):
        assert f"bad {number}" in text.replace("BAD", "bad")
    assert re.search(r'<path class="refused" d="M\d+', text)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("spoilt", ["code = 1", "[[sources"])
def test_a_city_file_that_cannot_be_read_has_its_page_too(
    city_file: Path, tmp_path: Path, spoilt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    city_file.write_text(spoilt, "utf-8")
    page = tmp_path / "refused.html"
    typed = ["import", str(city_file), "--lang", "en", "--html"]
    assert commands.run([*typed, str(page)], lambda *_: None, {}) == 2
    assert 'data-o="refused"' in page.read_text("utf-8")
    capsys.readouterr()
    nowhere = tmp_path / "no" / "folder.html"
    assert commands.run([*typed, str(nowhere)], lambda *_: None, {}) == 2
    told = capsys.readouterr().err
    assert city_file.name in told
    assert str(nowhere) in told


def test_an_indicator_that_cannot_be_used_is_refused_before_anything_is_written(
    city_file: Path, address: Address, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = """
[[indicators]]
key = "cases-and-minutes"
name = { zh = "甲", en = "A" }
group = "management"
unit = "cases"
better = "low"
formula = 'reported + highest("trapped-min")'
basis = { zh = "乙", en = "B" }
"""
    text = city_file.read_text(encoding="utf-8")
    city_file.write_text(text + entry, encoding="utf-8")
    assert run(address, tmp_path, "import", city_file) == 2
    said = " ".join(capsys.readouterr().err.split())
    for part in (city_file.name, "row 1", "indicators.1.formula", "cases", "min", "one unit"):
        assert part in said
    mended = entry.replace('highest("trapped-min")', "closed")
    city_file.write_text(text + mended, encoding="utf-8")
    assert run(address, tmp_path, "import", city_file) == 0
