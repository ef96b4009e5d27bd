"""A city read and checked, ready to be written: its own files, and what the store has already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from geo_data.city import City, read_city
from geo_data.faults import Fault, InputError
from geo_data.importer.chain import Chain, build_chain
from geo_data.importer.kept import Links, kept_rows, links_of
from geo_data.importer.locating import locate_all
from geo_data.importer.objects import build_places, build_sensors
from geo_data.importer.reading import SourceRows, read_source
from geo_data.importer.refusal import refused
from geo_data.importer.report import ImportReport, Outcome, SourceCount
from geo_data.importer.rules import Sieve
from geo_data.records import FUNCTIONAL
from geo_data.sources import Source
from geo_data.store import Address, open_store, shown_address, store_exists

Progress = Callable[[str, float], None]
"""Takes the key of a step and how much of the whole is done, 0 to 1."""


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
    unchanged : frozenset of str
        Layers that are in the store just so.
    """

    city: City
    layers: dict[str, tuple[gpd.GeoDataFrame, str]]
    report: ImportReport
    unchanged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lot:
    """Rows of one source on their way.

    ``read`` is how many there were, ``links`` what those of the store pointed to.
    """

    source: Source
    sieve: Sieve
    read: int
    links: Links | None = None

    @property
    def layer(self) -> str:
        """The layer its rows go to, as far as the source says it."""
        part = self.source.level or self.source.kind
        return f"{self.source.layer}/{part}" if part else self.source.layer


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds: its rows, the city's outline, and where its layers come from."""

    lots: tuple[Lot, ...] = ()
    outline: shapely.Geometry | None = None
    origins: dict[str, str] | None = None


def prepare_city(
    city_file: Path,
    store_path: Address | None = None,
    *,
    progress: Progress | None = None,
    checked_only: bool = True,
    upsert: bool = False,
    apply_detected: bool = False,
) -> Prepared:
    """Read and check a city; writes nothing. See :func:`geo_data.importer.import_city`."""
    tell = progress or silent
    city = read_city(city_file)
    held = _held(city, store_path, whole=upsert)
    lots: list[Lot] = []
    try:
        read = _read_all(city, tell, lots)
        located = locate_all(city, read, outline=held.outline, apply=apply_detected)
        lots[:] = [_lot(source, rows) for source, rows in located]
        return _prepared(city, lots, held, tell, checked_only=checked_only)
    except InputError as error:
        raise _refused(error, city, lots, held) from error


def check_store(address: Address, *, progress: Progress | None = None) -> Prepared:
    """Hold every row of a store against the rules of an import; writes nothing.

    Parameters
    ----------
    address : path or URL
        The store.
    progress : callable, optional
        Told the step and the share done.

    Raises
    ------
    InputError
        The store cannot be opened, or a whole level of it cannot be used.
    """
    tell = progress or silent
    tell("read", 0.0)
    with closing(open_store(address)) as store:
        city = store.city
    held = _held(city, address, whole=True)
    try:
        return _prepared(city, [], held, tell, checked_only=True)
    except InputError as error:
        raise _refused(error, city, held.lots, held) from error


def _refused(error: InputError, city: City, lots: Sequence[Lot], held: Held) -> InputError:
    sources = [replace(_count(lot), kept=0) for lot in lots]
    findings = [each for lot in lots for each in lot.sieve.findings]
    return refused(error, city, sources, findings, held.outline)


def silent(_step: str, _done: float) -> None:
    """Tell nobody."""
    return


def _prepared(
    city: City, lots: Sequence[Lot], held: Held, tell: Progress, *, checked_only: bool
) -> Prepared:
    every = [*lots, *held.lots]
    tell("regions", 0.4)
    levels = (*city.level_keys, FUNCTIONAL)
    by_level = {key: [lot.sieve for lot in every if lot.source.level == key] for key in levels}
    chain = build_chain(city, by_level, _units(city, every))
    tell("places", 0.6)
    places = build_places(city, chain, _of("places", every))
    tell("sensors", 0.7)
    sensors = build_sensors(city, chain, places, [sieve for sieve, _ in _of("sensors", every)])
    layers = _layers(city, chain, places, sensors, held.origins or {})
    findings = [*chain.findings, *(each for lot in every for each in lot.sieve.findings)]
    report = ImportReport(
        city_code=city.code,
        city_name=city.name,
        checked_only=checked_only,
        sources=tuple(_count(lot) for lot in (lots or every)),
        findings=tuple(findings),
        layers={layer: len(frame) for layer, (frame, _) in layers.items()},
        regions=chain.levels,
        metric_crs=city.metric_crs,
    )
    return Prepared(city, layers, report, _unchanged(layers, held.lots))


def _held(city: City, address: Address | None, *, whole: bool) -> Held:
    """Return what the store has: all of it, or only the outline that new data is held against."""
    if address is None or not store_exists(address):
        return Held()
    name = shown_address(address)
    with closing(open_store(address)) as store:
        rows = list(kept_rows(store, None if whole else city.code))
        origins = {layer: known.source for layer, known in store.layers().items()}
    outline = next(
        (
            frame.geometry.iloc[0]
            for layer, _, frame, _ in rows
            if layer == "regions" and len(frame) == 1 and frame["code"].iloc[0] == city.code
        ),
        None,
    )
    lots = [_kept_lot(name, *row) for row in rows if whole]
    return Held(tuple(lots), outline, origins)


def _kept_lot(
    name: str, layer: str, part: str | None, frame: gpd.GeoDataFrame, links: Links
) -> Lot:
    said: dict[str, Any] = {
        "layer": layer,
        "file": Path(name),
        "level": part if layer == "regions" else None,
        "kind": part if layer != "regions" else None,
        "without_location": "parent" if layer == "places" else "refuse",
    }
    source = Source.model_construct(**said)
    return Lot(source, Sieve(frame, name, kept=True), len(frame), links)


def _lot(source: Source, rows: SourceRows) -> Lot:
    sieve = Sieve(rows.frame, source.origin)
    sieve.findings.extend(rows.findings)
    return Lot(source, sieve, rows.count)


def _units(city: City, lots: Sequence[Lot]) -> dict[str, frozenset[str]]:
    """Return, for each level that hangs on units that are places, the codes of these places."""
    units = {}
    for level in city.levels:
        if level.unit is not None and level.unit.kind is not None:
            frames = [lot.sieve.frame for lot in lots if lot.source.layer == "places"]
            codes = [frame.loc[frame["kind"] == level.unit.kind, "code"] for frame in frames]
            units[level.key] = frozenset(code for each in codes for code in each)
    return units


def _read_all(city: City, tell: Progress, lots: list[Lot]) -> list[tuple[Source, SourceRows]]:
    """Read every source, into ``lots`` as found; the faults of all are told at once."""
    rows: list[tuple[Source, SourceRows]] = []
    faults: list[Fault] = []
    for number, source in enumerate(city.sources):
        tell("read", 0.4 * number / len(city.sources))
        try:
            rows.append((source, read_source(source, city.folder, city.limits)))
            lots.append(_lot(*rows[-1]))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(*faults)
    return rows


def _unchanged(
    layers: Mapping[str, tuple[gpd.GeoDataFrame, str]], kept: Sequence[Lot]
) -> frozenset[str]:
    """Return the layers of which every row, and what it points to, is as the store has it."""
    same = set()
    for lot in kept:
        frame = layers[lot.layer][0] if lot.layer in layers else None
        if frame is not None and len(frame) == len(lot.sieve.frame) == lot.read:
            same |= {lot.layer} if links_of(frame) == lot.links else set()
    return frozenset(same)


def _of(layer: str, lots: Sequence[Lot]) -> list[tuple[Sieve, bool]]:
    return [
        (lot.sieve, lot.source.without_location == "parent")
        for lot in lots
        if lot.source.layer == layer
    ]


def _count(lot: Lot) -> SourceCount:
    return SourceCount(
        layer=lot.layer,
        file=lot.source.origin,
        read=lot.read,
        kept=len(lot.sieve.frame),
        repaired=lot.sieve.count(Outcome.REPAIRED),
        refused=lot.sieve.count(Outcome.REFUSED),
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
    city: City,
    chain: Chain,
    places: dict[str, gpd.GeoDataFrame],
    sensors: gpd.GeoDataFrame,
    origins: dict[str, str],
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
    return {
        layer: (frame, files or origins.get(layer, "")) for layer, (frame, files) in layers.items()
    }
