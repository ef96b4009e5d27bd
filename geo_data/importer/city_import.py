"""Files into the store: a city file's sources are read, checked, and written all or nothing.

Everything is read and checked before anything is written; then all layers go in by one
transaction. A store that is made anew appears under its name only when it is whole.
"""

from __future__ import annotations

import hashlib
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import geopandas as gpd
from sqlalchemy import Connection, select

from geo_data import rollups
from geo_data.city import files_of_cases, read_city
from geo_data.crs import WGS_84
from geo_data.faults import InputError
from geo_data.importer.preparing import Prepared, Progress, prepare_city, silent
from geo_data.importer.reading import source_files
from geo_data.importer.report import ImportReport
from geo_data.store import Address, Store, made_anew, open_store, replace_layer, store_exists
from geo_data.store.meta import keep, kept

FINGERPRINT = "import-fingerprint"
"""Key in ``meta``: what the store was imported from."""


def import_city(
    city_file: Path,
    store_path: Address,
    at: datetime,
    *,
    check: bool = False,
    upsert: bool = False,
    apply_detected: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Load a city into a store.

    Parameters
    ----------
    city_file : Path
        The TOML that declares the city.
    store_path : path or URL
        The store; made if it is not there. Its incidents and observations stay.
    at : datetime
        Now, aware: when the layers were updated.
    check : bool
        Read and check only; the store is not touched.
    upsert : bool
        Add and change rows by code and keep the rest; without it every layer is replaced.
    apply_detected : bool
        Put right coordinates whose system was found out; without it only sources that say
        ``crs = "detect"`` are.
    progress : callable, optional
        Told the step and the share done.

    Raises
    ------
    InputError
        The city file, a source, a whole level or the store cannot be used: nothing was written.
    """
    tell = progress or silent
    prepared = prepare_city(
        city_file,
        store_path,
        progress=tell,
        checked_only=check,
        upsert=upsert,
        apply_detected=apply_detected,
    )
    if not check:
        tell("write", 0.8)
        _write(prepared, store_path, fingerprint(city_file), at)
    tell("done", 1.0)
    return prepared.report


def fingerprint(city_file: Path) -> str:
    """Return a digest of a city file and every file it names; moves when one of them does."""
    city = read_city(city_file)
    digest = hashlib.sha256(city_file.read_bytes())
    named = (path for source in city.sources for path in source_files(source, city.folder))
    for path in (*named, *files_of_cases(city_file)):
        digest.update(path.name.encode())
        with suppress(OSError), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def is_current(city_file: Path, store_path: Address) -> bool:
    """Whether the store was imported from exactly these files.

    Raises
    ------
    InputError
        The city file is wrong, or the store cannot be opened; a missing store is not current.
    """
    now = fingerprint(city_file)
    if not store_exists(store_path):
        return False
    store = open_store(store_path)
    try:
        with store.read() as connection:
            known = kept(connection, store.tables, FINGERPRINT)
    finally:
        store.close()
    return known == now


def _write(prepared: Prepared, path: Address, digest: str, at: datetime) -> None:
    if not store_exists(path):
        with made_anew(path, prepared.city) as store:
            _replace(store, prepared, digest, at)
            # The file is renamed without its WAL: what cannot be written back is no store.
            store.checkpoint()
        return
    with closing(open_store(path)) as store:
        _replace(store, prepared, digest, at)
        # What was committed stands; on a full disk the WAL is written back when there is room.
        with suppress(InputError):
            store.checkpoint()


def _replace(store: Store, prepared: Prepared, digest: str, at: datetime) -> None:
    """Put the layers in and take those out that the city no longer has: one transaction."""
    store.city = prepared.city
    with store.write() as connection:
        keep(connection, store.tables, FINGERPRINT, digest)
        city = prepared.city.model_dump_json(by_alias=True, exclude_defaults=True)
        keep(connection, store.tables, "city", city)
        for layer in _in_the_way(connection, store, prepared):
            replace_layer(connection, store, layer, _nothing(layer), "", at)
        for layer, (frame, files) in prepared.layers.items():
            if layer not in prepared.unchanged:
                replace_layer(connection, store, layer, frame, files, at)
    if "incidents" in store.layers():
        # Cases keep the regions they were given; what lies in what may have changed.
        rollups.recount(store, at)


def _in_the_way(connection: Connection, store: Store, prepared: Prepared) -> list[str]:
    """List layers to empty first: those gone from the city, and those a code moves out of."""
    tables = store.tables
    gone = [
        layer
        for layer, known in store.layers().items()
        if layer.startswith(("regions/", "places/", "sensors"))
        and layer not in prepared.layers
        and known.rows
    ]
    moved = set()
    for name, table, part in (
        ("regions", tables.regions, tables.regions.c.level),
        ("places", tables.places, tables.places.c.kind),
    ):
        held = {row[0]: row[1] for row in connection.execute(select(table.c.code, part))}
        for layer, (frame, _) in prepared.layers.items():
            if layer.startswith(f"{name}/"):
                own = layer.partition("/")[2]
                old = {held[code] for code in frame["code"] if code in held} - {own}
                moved |= {f"{name}/{each}" for each in old}
    return list(dict.fromkeys([*gone, *sorted(moved)]))


def _nothing(layer: str) -> gpd.GeoDataFrame:
    columns = {
        "regions": ("code", "parent_code", "level", "kind", "name"),
        "places": ("code", "kind", "name", "region_code"),
        "sensors": ("code", "kind", "name", "metric", "unit", "region_code", "period_s"),
    }[layer.partition("/")[0]]
    empty: dict[str, list[object]] = {name: [] for name in (*columns, "geometry")}
    return gpd.GeoDataFrame(empty, geometry="geometry", crs=WGS_84)
