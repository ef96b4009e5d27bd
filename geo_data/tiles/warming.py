"""Tiles made before anybody asks: whole zooms of layers into archives the server reads first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo_data.faults import Fault, InputError
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.tiles.archive import ArchiveFile, file_name, mbtiles_metadata
from geo_data.tiles.description import tilejson
from geo_data.tiles.projection import LAST_ZOOM, Spot, spots_over
from geo_data.tiles.serving import TileMaker, maker, packed
from geo_data.tiles.sources import source_of, version_of, viewer_of

Progress = Callable[[str, float], None]
MOST_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Warmed:
    """What was made of one layer: ``tiles`` are those that hold something."""

    layer: str
    path: Path
    tiles: int
    empty: int
    bytes: int


def zooms_of(text: str) -> range:
    """Return the zooms of ``10-15`` or ``12``.

    Raises
    ------
    InputError
        It is neither, or out of range.
    """
    first, dash, last = text.partition("-")
    try:
        found = range(int(first), int(last if dash else first) + 1)
    except ValueError:
        found = range(0)
    if not found or found[0] < 0 or found[-1] > LAST_ZOOM:
        raise InputError(Fault("bad-zooms", values={"zooms": text, "last": LAST_ZOOM}))
    return found


def warm(
    store: Store,
    scope: Scope,
    layers: Sequence[str],
    zooms: range,
    folder: Path,
    *,
    language: str,
    tell: Progress = lambda _step, _share: None,
    most_bytes: int = MOST_BYTES,
) -> list[Warmed]:
    """Make every tile of some layers; a layer's archive appears when it is whole.

    Parameters
    ----------
    store, scope
        Where, and for whom: a server with this scope will read them.
    layers : sequence of str
        Of :func:`geo_data.tiles.layer_names`.
    zooms : range
        First to last, without gaps.
    folder : Path
        Where the archives lie.
    language : str
        Of the attribution in them.
    tell : callable
        Told ``tiles`` and the share done.
    most_bytes : int
        How large one archive may grow.

    Raises
    ------
    InputError
        No such layer, or the archive would grow too large; its older one is still there.
    """
    known = [(name, source_of(store, scope, name)) for name in layers]
    found = []
    for place, (name, source) in enumerate(known):
        version = version_of(store, scope, source)
        made = maker(store, scope, source, version)
        file = ArchiveFile(folder, file_name(name, viewer_of(scope), version))

        def tell_share(share: float, place: int = place) -> None:
            tell("tiles", (place + share) / len(known))

        try:
            counts = _fill(file, made, zooms, tell_share, most_bytes, name)
            description = tilejson(store, scope, name, "/", language)
            file.finish(mbtiles_metadata(description, zooms))
        except BaseException:
            file.abandon()
            raise
        found.append(Warmed(name, file.path, *counts, file.bytes))
    return found


def _fill(
    file: ArchiveFile,
    made: TileMaker,
    zooms: range,
    tell_share: Callable[[float], None],
    most_bytes: int,
    name: str,
) -> tuple[int, int]:
    spots = _spots(made, zooms)
    tiles = 0
    for done, spot in enumerate(spots):
        body = packed(made.body(spot))
        if body is not None:
            file.add(spot, body)
            tiles += 1
        if file.bytes > most_bytes:
            limit: dict[str, object] = {"layer": name, "limit": most_bytes >> 20, "z": spot.z}
            raise InputError(Fault("archive-too-large", values=limit))
        tell_share((done + 1) / len(spots))
    return tiles, len(spots) - tiles


def _spots(made: TileMaker, zooms: range) -> list[Spot]:
    reach = made.reach()
    if reach is None:
        return []
    grids = [(z, *spots_over(reach, z)) for z in zooms]
    return [Spot(z, x, y) for z, columns, rows in grids for x in columns for y in rows]
