"""Which names stand on the map at which zoom, so that none ever lies on another.

Names are boxes of fixed size on the screen while the ground grows with the zoom, so two names
that are apart stay apart when one zooms in. A name therefore needs one number: the zoom from
which it stands. They are given out greedily, the more important name first, at every half step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import shapely

from geo_data import queries
from geo_data.records import FUNCTIONAL, Region, Scope
from geo_data.store import Store
from layers import documents

FORMAT = 1
FIRST_ZOOM, LAST_ZOOM, STEP = 8.0, 19.0, 0.5
NEVER = 99.0
TILE = 512
WALL_SCALE = 1.8
WALL_LEAST_PX = 24.0
"""Names on the wall are larger, so that they are read from the back of the hall."""
_GAP_PX = 4.0


@dataclass(frozen=True, slots=True)
class Style:
    """How one class of names is written and where it may stand.

    Parameters
    ----------
    size_px : float
        Height of the type on a desk.
    min_zoom, max_zoom : float
        Between these it may stand.
    """

    key: str
    size_px: float
    min_zoom: float
    max_zoom: float
    tracking_em: float = 0.0


@dataclass(frozen=True, slots=True)
class Name:
    """A name that wants to stand at a point; the first of a list is the most important."""

    text: str
    lon: float
    lat: float
    style: Style
    code: str


@dataclass(frozen=True, slots=True)
class Label:
    """A name with the zooms ``[min_zoom, max_zoom)`` between which it stands."""

    name: Name
    min_zoom: float
    max_zoom: float


def chain_styles(level_keys: Sequence[str]) -> dict[str, Style]:
    """Return the style of each level's names: the coarser, the larger and the earlier."""
    styles: dict[str, Style] = {}
    for rank, key in enumerate(level_keys):
        below = len(level_keys) - 1 - rank
        last = NEVER if not below else 10.6 + 3.4 * rank if rank else 10.4
        first = 8.0 if rank == 0 or (rank == 1 and below) else 13.5 if not below else 12.0
        size = 17.0 if rank == 0 else max(11.0, 14.0 - 1.5 * (rank - 1))
        styles[key] = Style(key, size, first, last, 0.12 if rank < 2 else 0.0)
    return styles


PLACE_STYLES: dict[str, Style] = {
    "park": Style("park", 11.5, 12.6, NEVER),
    "village": Style("village", 11.5, 13.0, NEVER),
    "residential": Style("residential", 11.0, 14.6, NEVER),
}
FUNCTIONAL_STYLE = Style(FUNCTIONAL, 12.0, 10.0, 15.0)


def width_em(text: str) -> float:
    """Return about how wide ``text`` is in heights of its type: a CJK letter is as wide as high.

    On the wide side, because a box too large only costs a little room.
    """
    return sum(1.0 if ord(letter) > 0x2E7F else 0.62 for letter in text)


def size_px(style: Style, wall: bool) -> float:
    """Return the height of the type: on the wall nothing is below what the hall can read."""
    return max(style.size_px * WALL_SCALE, WALL_LEAST_PX) if wall else style.size_px


def box_px(name: Name, wall: bool = False) -> tuple[float, float]:
    """Return width and height of the room ``name`` needs on the screen."""
    size = size_px(name.style, wall)
    letters = width_em(name.text) + name.style.tracking_em * len(name.text)
    return letters * size + 2 * _GAP_PX, size * 1.25 + 2 * _GAP_PX


def mercator(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return positions on the web map at zoom 0 in pixels, shape (n, 2), y downwards."""
    x = (np.asarray(lon, dtype=float) + 180) / 360
    latitude = np.radians(np.asarray(lat, dtype=float))
    y = 0.5 - np.log(np.tan(np.pi / 4 + latitude / 2)) / (2 * np.pi)
    return np.column_stack([x, y]) * TILE


def place_labels(names: Sequence[Name], wall: bool = False) -> list[Label]:
    """Give every name the zoom from which it stands; those that never find room are left out.

    Parameters
    ----------
    names : sequence of Name
        The most important first.
    wall : bool
        Whether they are written for the wall.
    """
    centres = mercator([name.lon for name in names], [name.lat for name in names])
    halves = np.array([box_px(name, wall) for name in names]).reshape(-1, 2) / 2
    first = np.array([name.style.min_zoom for name in names])
    last = np.array([name.style.max_zoom for name in names])
    since = np.full(len(names), NEVER)
    for zoom in np.arange(FIRST_ZOOM, LAST_ZOOM + STEP / 2, STEP):
        wanting = np.flatnonzero((since == NEVER) & (first <= zoom) & (zoom < last))
        standing = np.flatnonzero((since < NEVER) & (zoom < last))
        placed = _place_at(centres * 2.0**zoom, halves, standing, wanting)
        since[placed] = zoom
    return [
        Label(name, float(at), min(name.style.max_zoom, NEVER))
        for name, at in zip(names, since, strict=True)
        if at < NEVER
    ]


def _place_at(
    centres: npt.NDArray[np.float64],
    halves: npt.NDArray[np.float64],
    standing: npt.NDArray[np.intp],
    wanting: npt.NDArray[np.intp],
) -> list[int]:
    """Return which of ``wanting`` find room beside those standing and those placed before."""
    room = _Room(cell_px=float(2 * halves.max(initial=8.0)))
    for index in standing:
        room.take(centres[index], halves[index])
    placed: list[int] = []
    for index in wanting:
        if room.is_free(centres[index], halves[index]):
            room.take(centres[index], halves[index])
            placed.append(int(index))
    return placed


class _Room:
    """Boxes on a screen, found by the cell their centre is in."""

    def __init__(self, cell_px: float) -> None:
        self._cell = cell_px
        self._boxes: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}

    def take(self, centre: npt.NDArray[np.float64], half: npt.NDArray[np.float64]) -> None:
        x, y = float(centre[0]), float(centre[1])
        cell = (int(x // self._cell), int(y // self._cell))
        self._boxes.setdefault(cell, []).append((x, y, float(half[0]), float(half[1])))

    def is_free(self, centre: npt.NDArray[np.float64], half: npt.NDArray[np.float64]) -> bool:
        x, y, wide, high = float(centre[0]), float(centre[1]), float(half[0]), float(half[1])
        column, row = int(x // self._cell), int(y // self._cell)
        for near_column in (column - 1, column, column + 1):
            for near_row in (row - 1, row, row + 1):
                for left, top, w, h in self._boxes.get((near_column, near_row), ()):
                    if abs(left - x) < w + wide and abs(top - y) < h + high:
                        return False
        return True


def version(store: Store, scope: Scope, wall: bool) -> str:
    """Return the version of the labels."""
    known = [
        f"{layer} {entry.version} {entry.updated_at.isoformat()}"
        for layer, entry in sorted(store.layers().items())
        if layer.partition("/")[0] == "regions" or layer.removeprefix("places/") in PLACE_STYLES
    ]
    said = "|".join([str(FORMAT), str(wall), str(scope.region_code), *known])
    return blake2b(said.encode(), digest_size=6).hexdigest()


def path(store: Store, scope: Scope, wall: bool) -> str:
    """Return the address of the labels: it may be kept for ever."""
    return f"/data/labels/{'wall' if wall else 'desk'}.json?v={version(store, scope, wall)}"


def label_document(store: Store, scope: Scope, wall: bool) -> dict[str, object]:
    """Return every label of the map, for a desk or for the wall.

    Returns
    -------
    dict
        ``styles``: ``[key, size_px, tracking_em]`` each; ``labels``: ``[text, lon, lat, style,
        min_zoom, max_zoom, code]`` each, the most important first.
    """
    at = version(store, scope, wall)

    def build() -> dict[str, object]:
        return _written(place_labels(list(_names(store, scope)), wall), wall)

    return store.cached(("labels", wall, scope.region_code), at, build)


def _written(labels: Sequence[Label], wall: bool) -> dict[str, object]:
    styles = list(dict.fromkeys(label.name.style for label in labels))
    return {
        "styles": [
            [style.key, round(size_px(style, wall), 1), style.tracking_em] for style in styles
        ],
        "labels": [
            [
                label.name.text,
                round(label.name.lon, 5),
                round(label.name.lat, 5),
                styles.index(label.name.style),
                label.min_zoom,
                label.max_zoom,
                label.name.code,
            ]
            for label in labels
        ],
    }


def _names(store: Store, scope: Scope) -> Iterable[Name]:
    tree = queries.region_tree(store, scope)
    first = store.city.level_keys.index(tree.root.level)
    styles = chain_styles(store.city.level_keys[first:])
    by_level = list(styles)
    for key in by_level[:-1]:
        yield from _region_names(_at_level(tree, key), _middles(store, scope, key), styles[key])
    yield from _region_names(tree.functional, _middles(store, scope, FUNCTIONAL), FUNCTIONAL_STYLE)
    kinds = {layer.removeprefix("places/") for layer in store.layers()}
    for kind, style in PLACE_STYLES.items():
        if kind in kinds and scope.sees_kind(kind):
            frame = queries.places(store, scope, [kind])
            rows = zip(frame["name"], frame["lon"], frame["lat"], frame["code"], strict=True)
            yield from (Name(text, lon, lat, style, code) for text, lon, lat, code in rows)
    finest = by_level[-1]
    yield from _region_names(
        _at_level(tree, finest), _middles(store, scope, finest), styles[finest]
    )


def _at_level(tree: queries.RegionTree, key: str) -> list[Region]:
    regions = [region for code in tree.codes_at(key) if (region := tree.get(code))]
    return sorted(regions, key=lambda region: -region.area_km2)


def _region_names(
    regions: Iterable[Region], middles: dict[str, tuple[float, float]], style: Style
) -> Iterable[Name]:
    for region in regions:
        lon, lat = middles.get(region.code, (region.lon, region.lat))
        yield Name(region.name, lon, lat, style, region.code)


def _middles(store: Store, scope: Scope, level: str) -> dict[str, tuple[float, float]]:
    """Return where a name has the most room: the middle of the largest circle inside."""
    frame = queries.region_shapes(store, scope, level)
    if not len(frame):
        return {}
    shapes = documents.simplified({level: frame}, documents.COARSE)[level]
    middles = {}
    for code, shape in zip(frame["code"], shapes, strict=True):
        if shape is None or shape.is_empty:
            continue
        largest = max(shapely.get_parts(shape), key=shapely.area)
        radius = shapely.maximum_inscribed_circle(largest, tolerance=0.0008)
        lon, lat = radius.coords[0]
        middles[code] = (lon, lat)
    return middles
