"""Tiles made before anybody asks: whole, of one version and one viewer, or not there at all."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo_data import tiles
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.tiles import serving
from geo_data.tiles.archive import Archives
from geo_data.tiles.cache import shelf
from geo_data.tiles.projection import Spot, spots_over
from geo_data.tiles.warming import Warmed, warm, zooms_of
from tests.geo_data.lived_city import make_lived_city, write_areas
from tests.geo_data.small_city import CELL, SOUTH, WEST
from tests.geo_data.tiles.reading import features, tile_at

ALL, TOWN = Scope.everything(), Scope(region_code="t1")
AT = tile_at(WEST + 2.5 * CELL, SOUTH + CELL, 13)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = make_lived_city(tmp_path / "city.gpkg")
    yield store
    shelf(store).close()
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tiles"


def warmed(store: Store, folder: Path, scope: Scope = ALL, layer: str = "region-grid") -> Warmed:
    (found,) = warm(store, scope, [layer], range(11, 15), folder, language="en")
    return found


def forget(store: Store) -> None:
    """As after a new start."""
    serving.shelf(store).tiles.__init__()  # type: ignore[misc]


def test_a_warmed_tile_is_the_tile_and_nobody_makes_it_again(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = {spot: tiles.tile(store, ALL, "region-grid", *spot) for spot in (AT, (14, 0, 0))}
    done = warmed(store, folder)
    assert done.tiles > 4
    forget(store)
    monkeypatch.setattr(serving, "packed", lambda _body: pytest.fail("made again"))
    for spot, tile in fresh.items():
        assert tiles.tile(store, ALL, "region-grid", *spot, folder) == tile
    monkeypatch.undo()
    assert tiles.tile(store, ALL, "region-grid", *tile_at(WEST, SOUTH, 16), folder).body


def test_every_tile_of_the_layer_is_there(store: Store, folder: Path) -> None:
    done = warmed(store, folder)
    reach = (WEST, SOUTH, WEST + 6 * CELL, SOUTH + 2 * CELL)
    with sqlite3.connect(done.path) as file:
        held = {row[:3]: row[3] for row in file.execute("SELECT * FROM tiles")}
        said = dict(file.execute("SELECT name, value FROM metadata"))
    file.close()
    assert (said["format"], said["minzoom"], said["maxzoom"]) == ("pbf", "11", "14")
    expected = {}
    for z in range(11, 15):
        columns, rows = spots_over(reach, z)
        for x in columns:
            for y in rows:
                body = tiles.tile(store, ALL, "region-grid", z, x, y).body
                if body:
                    expected[z, x, 2**z - 1 - y] = body
    assert held == expected
    assert len(held) == done.tiles


def test_a_new_version_is_not_answered_from_the_old_archive(store: Store, folder: Path) -> None:
    old = warmed(store, folder, layer="region-functional")
    write_areas(store)
    forget(store)
    name = Path(old.path).name
    assert Archives(folder).find(name, Spot(*AT))[0]
    new = tiles.tile(store, ALL, "region-functional", *AT, folder)
    assert new.etag != f'"{name}'
    renewed = warmed(store, folder, layer="region-functional")
    assert renewed.path != old.path
    assert [one.name for one in folder.iterdir()] == [renewed.path.name]


def test_a_viewer_is_never_given_the_archive_of_another(store: Store, folder: Path) -> None:
    everything, town = warmed(store, folder), warmed(store, folder, TOWN)
    assert {one.name for one in folder.iterdir()} == {everything.path.name, town.path.name}
    forget(store)
    for scope, towns in ((TOWN, {"t1"}), (ALL, {"t0", "t1", "t2"})):
        body = tiles.tile(store, scope, "region-grid", *tile_at(WEST, SOUTH, 11), folder).body
        said = features(body, "region-grid")
        assert {one["properties"]["code"][:2] for one in said} <= towns
        assert said


def test_a_stopped_run_leaves_nothing_and_the_old_archive_stays(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = warmed(store, folder)
    before = kept.path.read_bytes()

    def stopped(_step: str, share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warm(store, ALL, ["region-town"], range(11, 15), folder, language="en", tell=stopped)
    assert [one.name for one in folder.iterdir()] == [kept.path.name]
    assert kept.path.read_bytes() == before


def test_an_archive_that_grows_too_large_is_told(store: Store, folder: Path) -> None:
    with pytest.raises(InputError, match="region-grid"):
        warm(store, ALL, ["region-grid"], range(11, 15), folder, language="en", most_bytes=500)
    assert list(folder.iterdir()) == []


def test_a_damaged_archive_is_as_if_it_were_not_there(store: Store, folder: Path) -> None:
    done = warmed(store, folder)
    fresh = tiles.tile(store, ALL, "region-grid", *AT)
    content = done.path.read_bytes()
    for damage in (b"", b"no database" * 400, content[:4096] + b"\0" * (len(content) - 4096)):
        done.path.write_bytes(damage)
        shelf(store).close()
        forget(store)
        assert tiles.tile(store, ALL, "region-grid", *AT, folder) == fresh


def test_an_empty_layer_makes_an_empty_archive(store: Store, folder: Path) -> None:
    (done,) = warm(
        store, Scope(region_code="t2"), ["place-building"], range(12, 14), folder, language="en"
    )
    assert (done.tiles, done.empty) == (0, 0)
    scope = Scope(region_code="t2")
    assert tiles.tile(store, scope, "place-building", *AT, folder).body is None


def test_an_archive_holds_gzipped_tiles(store: Store, folder: Path) -> None:
    done = warmed(store, folder)
    there, body = Archives(folder).find(done.path.name, Spot(*AT))
    assert there
    assert body is not None
    assert b"region-grid" in gzip.decompress(body)


@pytest.mark.parametrize(("text", "found"), [("10-15", range(10, 16)), ("12", range(12, 13))])
def test_zooms_are_read(text: str, found: range) -> None:
    assert zooms_of(text) == found


@pytest.mark.parametrize("text", ["", "a", "15-10", "-3", "3-", "10-99", "1-2-3", "1.5"])
def test_what_is_no_zoom_is_said(text: str) -> None:
    with pytest.raises(InputError, match="10-15"):
        zooms_of(text)
