"""Files into the store: a city file's sources are read, checked, and written all or nothing.

Everything is read and checked before anything is written; then all layers go in by one
transaction. A store that is made anew appears under its name only when it is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import shapely
from sqlalchemy import Connection, select

from geo_data import rollups
from geo_data.city import City, read_city
from geo_data.crs import WGS_84
from geo_data.faults import Fault, InputError
from geo_data.importer.chain import Chain, build_chain
from geo_data.importer.locating import locate_all
from geo_data.importer.objects import build_places, build_sensors
from geo_data.importer.reading import SourceRows, read_source, source_files
from geo_data.importer.report import ImportReport, Outcome, SourceCount
from geo_data.importer.rules import Sieve
from geo_data.records import FUNCTIONAL
from geo_data.sources import Source
from geo_data.store import Address, Store, made_anew, open_store, replace_layer, store_exists

Progress = Callable[[str, float], None]
"""Takes the key of a step and how much of the whole is done, 0 to 1."""

FINGERPRINT = "import-fingerprint"
"""Key in ``meta``: what the store was imported from."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A city read and checked, ready to be written.

    Parameters
    ----------
    city : City
        As its file declares it.
    layers : dict
        Layer -> frame and the files it comes from, coarsest regions first.
    report : ImportReport
        What was found.
    """

    city: City
    layers: dict[str, tuple[gpd.GeoDataFrame, str]]
    report: ImportReport


def import_city(
    city_file: Path,
    store_path: Address,
    at: datetime,
    *,
    check: bool = False,
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
    tell = progress or _silent
    prepared = prepare_city(
        city_file,
        store_path,
        progress=tell,
        checked_only=check,
        apply_detected=apply_detected,
    )
    if not check:
        tell("write", 0.8)
        _write(prepared, store_path, fingerprint(city_file), at)
    tell("done", 1.0)
    return prepared.report


def prepare_city(
    city_file: Path,
    store_path: Address | None = None,
    *,
    progress: Progress | None = None,
    checked_only: bool = True,
    apply_detected: bool = False,
) -> Prepared:
    """Read and check a city; writes nothing. See :func:`import_city`."""
    tell = progress or _silent
    city = read_city(city_file)
    rows = locate_all(
        city, _read_all(city, tell), outline=_outline(store_path), apply=apply_detected
    )
    sieves = [_sieve(source, read) for source, read in rows]
    tell("regions", 0.4)
    chain = build_chain(
        city,
        {
            key: [sieve for source, sieve in sieves if source.level == key]
            for key in (*city.level_keys, FUNCTIONAL)
        },
    )
    tell("places", 0.6)
    places = build_places(city, chain, _of("places", sieves))
    tell("sensors", 0.7)
    sensors = build_sensors(city, chain, places, [sieve for sieve, _ in _of("sensors", sieves)])
    layers = _layers(city, chain, places, sensors)
    findings = [*chain.findings, *(each for _, sieve in sieves for each in sieve.findings)]
    report = ImportReport(
        city_code=city.code,
        city_name=city.name,
        checked_only=checked_only,
        sources=tuple(_counts(rows, sieves)),
        findings=tuple(findings),
        layers={layer: len(frame) for layer, (frame, _) in layers.items()},
    )
    return Prepared(city, layers, report)


def fingerprint(city_file: Path) -> str:
    """Return a digest of a city file and every file it names; moves when one of them does."""
    city = read_city(city_file)
    digest = hashlib.sha256(city_file.read_bytes())
    for source in city.sources:
        for path in source_files(source, city.folder):
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
        meta = store.tables.meta
        with store.read() as connection:
            kept = connection.scalar(select(meta.c.value).where(meta.c.key == FINGERPRINT))
    finally:
        store.close()
    return kept == now


def _silent(_step: str, _done: float) -> None:
    return None


def _outline(store_path: Address | None) -> shapely.Geometry | None:
    """Return the city's outline as the store knows it; ``None`` before the first import."""
    if store_path is None or not store_exists(store_path):
        return None
    store = open_store(store_path)
    try:
        regions = store.tables.regions
        with store.read() as connection:
            root = regions.c.code == store.city.code
            shape: shapely.Geometry | None = connection.scalar(select(regions.c.geom).where(root))
            return shape
    finally:
        store.close()


def _read_all(city: City, tell: Progress) -> list[tuple[Source, SourceRows]]:
    """Read every source; the faults of all of them are told at once."""
    rows: list[tuple[Source, SourceRows]] = []
    faults: list[Fault] = []
    for number, source in enumerate(city.sources):
        tell("read", 0.4 * number / len(city.sources))
        try:
            rows.append((source, read_source(source, city.folder, city.limits)))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(*faults)
    return rows


def _sieve(source: Source, rows: SourceRows) -> tuple[Source, Sieve]:
    sieve = Sieve(rows.frame, source.origin)
    sieve.findings.extend(rows.findings)
    return source, sieve


def _of(layer: str, sieves: Sequence[tuple[Source, Sieve]]) -> list[tuple[Sieve, bool]]:
    return [
        (sieve, source.without_location == "parent")
        for source, sieve in sieves
        if source.layer == layer
    ]


def _counts(
    rows: Sequence[tuple[Source, SourceRows]], sieves: Sequence[tuple[Source, Sieve]]
) -> Iterator[SourceCount]:
    for (source, read), (_, sieve) in zip(rows, sieves, strict=True):
        part = source.level or source.kind
        yield SourceCount(
            layer=f"{source.layer}/{part}" if part else source.layer,
            file=source.origin,
            read=read.count,
            kept=len(sieve.frame),
            repaired=sieve.count(Outcome.REPAIRED),
            refused=sieve.count(Outcome.REFUSED),
        )


def _files(city: City, layer: str, part: str | None = None) -> str:
    return ", ".join(
        dict.fromkeys(
            source.origin
            for source in city.sources
            if source.layer == layer and (part is None or source.level == part)
        )
    )


def _layers(
    city: City, chain: Chain, places: dict[str, gpd.GeoDataFrame], sensors: gpd.GeoDataFrame
) -> dict[str, tuple[gpd.GeoDataFrame, str]]:
    layers = {}
    for key, frame in chain.levels.items():
        files = _files(city, "regions", key) or _files(city, "regions", city.level_keys[1])
        layers[f"regions/{key}"] = (frame, files)
    if chain.functional is not None:
        layers[f"regions/{FUNCTIONAL}"] = (chain.functional, _files(city, "regions", FUNCTIONAL))
    for kind, frame in places.items():
        layers[f"places/{kind}"] = (frame, _files(city, "places"))
    if not sensors.empty:
        layers["sensors"] = (sensors, _files(city, "sensors"))
    return layers


def _write(prepared: Prepared, path: Address, digest: str, at: datetime) -> None:
    if not store_exists(path):
        with made_anew(path, prepared.city) as store:
            _replace(store, prepared, digest, at)
        return
    with closing(open_store(path)) as store:
        _replace(store, prepared, digest, at)


def _replace(store: Store, prepared: Prepared, digest: str, at: datetime) -> None:
    """Put the layers in and take those out that the city no longer has: one transaction."""
    store.city = prepared.city
    with store.write() as connection:
        _keep(connection, store, FINGERPRINT, digest)
        city = prepared.city.model_dump_json(by_alias=True, exclude_defaults=True)
        _keep(connection, store, "city", city)
        for layer in _in_the_way(connection, store, prepared):
            replace_layer(connection, store, layer, _nothing(layer), "", at)
        for layer, (frame, files) in prepared.layers.items():
            replace_layer(connection, store, layer, frame, files, at)
    if "incidents" in store.layers():
        # Cases keep the regions they were given; what lies in what may have changed.
        rollups.recount(store, at)
    store.checkpoint()


def _keep(connection: Connection, store: Store, key: str, value: str) -> None:
    meta = store.tables.meta
    connection.execute(meta.delete().where(meta.c.key == key))
    connection.execute(meta.insert(), {"key": key, "value": value})


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
