"""What a row must be to come into the store, checked one rule at a time.

A :class:`Sieve` holds the rows of one source; each rule takes out what breaks it, or mends it,
and says so. What stays in is clean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_data.city import City
from geo_data.datums import finite
from geo_data.faults import Fault, nearest
from geo_data.importer.report import Finding, Outcome
from geo_data.levels import Level

SAME_AREA = 0.01
"""A mended polygon may have gained or lost this share of its area, no more."""

_KEY = re.compile(r"[a-z][a-z0-9-]*")
_POLYGONS = frozenset({"Polygon", "MultiPolygon"})
_POINTS = frozenset({"Point"})


class Sieve:
    """The rows of one source on their way into the store.

    Parameters
    ----------
    frame : GeoDataFrame
        Index = row number, as :func:`geo_data.importer.reading.read_source` returns it.
    file : str
        Named in every finding.
    kept : bool
        They are the store's own: rows of a file with the same codes take their place.

    Attributes
    ----------
    frame : GeoDataFrame
        What is left.
    findings : list of Finding
        What was refused, repaired or noted.
    """

    def __init__(self, frame: gpd.GeoDataFrame, file: str, kept: bool = False) -> None:
        self.frame = frame
        self.file = file
        self.kept = kept
        self.findings: list[Finding] = []

    def refuse(self, bad: pd.Series, key: str, field: str | None = None, **values: object) -> None:
        """Take out the rows where ``bad`` holds; see :meth:`say` for ``values``."""
        if not bad.any():
            return
        self.say(Outcome.REFUSED, bad, key, field, **values)
        self.frame = self.frame[~bad.to_numpy(dtype=bool)]

    def say(
        self,
        outcome: Outcome,
        rows: pd.Series,
        key: str,
        field: str | None = None,
        **values: object,
    ) -> None:
        """Report the rows where ``rows`` holds.

        Parameters
        ----------
        rows : Series of bool
            Over the rows of ``frame``.
        key : str
            Which fault.
        values
            Fills the wording; a Series gives each row its own.
        """
        chosen = rows.index[rows.to_numpy(dtype=bool)]
        for row, at in zip(chosen, positions(self.frame.geometry.loc[chosen]), strict=True):
            own = {
                name: value.loc[row] if isinstance(value, pd.Series) else value
                for name, value in values.items()
            }
            fault = Fault(key, file=self.file, row=int(row), field=field, values=own)
            self.findings.append(Finding(outcome, fault, at))

    def count(self, outcome: Outcome) -> int:
        """How many rows had this outcome; a row repaired twice counts once."""
        return len({each.fault.row for each in self.findings if each.outcome is outcome})

    def make_way(self, codes: Collection[str]) -> None:
        """Take out the store's own rows whose codes came anew; nothing is told of them."""
        if self.kept:
            self.frame = self.frame[~self.frame["code"].isin(list(codes))]

    def set(self, **columns: object) -> None:
        """Give the rows other values."""
        self.frame = self.frame.assign(**columns)


def positions(shapes: gpd.GeoSeries) -> list[tuple[float, float] | None]:
    """Return ``(lon, lat)`` of each shape; ``None`` where it has no place on a map."""
    # Halved before they are added: the largest numbers have no sum.
    boxes = shapely.bounds(shapes.to_numpy()) / 2
    # The middle of the box: a point inside costs more, and broken shapes have none.
    middles = (boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3])
    return [
        (float(lon), float(lat)) if np.isfinite(lon) and np.isfinite(lat) else None
        for lon, lat in zip(*middles, strict=True)
    ]


def check_codes(sieve: Sieve, level: Level | None = None) -> None:
    """Refuse rows without a code and, where a level says how its codes look, other shapes."""
    codes = sieve.frame["code"].map(lambda code: unicodedata.normalize("NFKC", code).strip())
    sieve.set(code=codes)
    sieve.refuse(codes == "", "no-code", "code")
    codes = sieve.frame["code"]
    if level is not None and level.code_digits is not None:
        shape = rf"[0-9]{{{level.code_digits}}}"
        wrong = ~codes.str.fullmatch(shape).astype(bool)
        sieve.refuse(wrong, "code-digits", "code", code=codes, digits=level.code_digits)
        codes = sieve.frame["code"]
    if level is not None and level.code_pattern is not None:
        wrong = ~codes.map(lambda code: re.fullmatch(level.code_pattern, code) is not None)
        sieve.refuse(
            wrong.astype(bool), "code-pattern", "code", code=codes, pattern=level.code_pattern
        )


def check_unique(sieve: Sieve, taken: dict[str, str], key: str = "duplicate-code") -> None:
    """Refuse rows whose code an earlier row has, and remember the codes that stay.

    Parameters
    ----------
    taken : dict
        Code -> where it was first seen; codes are one space over all sources of a table.
    key : str
        The fault, where the codes were made by us out of the row.
    """
    if sieve.kept:
        return
    codes = sieve.frame["code"]
    first = {code: f"{sieve.file} · {row}" for row, code in codes[~codes.duplicated()].items()}
    again = codes.duplicated() | codes.isin(list(taken))
    sieve.refuse(again, key, "code", code=codes, first=codes.map({**first, **taken}))
    taken.update({code: first[code] for code in sieve.frame["code"]})


def check_unlike(sieve: Sieve, taken: dict[bytes, str]) -> None:
    """Refuse areas that an earlier row has drawn already, and remember those that stay."""
    shapes = shapely.to_wkb(shapely.normalize(sieve.frame.geometry.to_numpy()))
    drawn = pd.Series(shapes, index=sieve.frame.index, dtype=object)
    first = {shape: f"{sieve.file} · {row}" for row, shape in drawn[~drawn.duplicated()].items()}
    again = drawn.duplicated() | drawn.isin(list(taken))
    if not sieve.kept:
        sieve.refuse(again, "duplicate-geometry", "geometry", first=drawn.map({**first, **taken}))
    taken.update({shape: first[shape] for shape in drawn[~again]})


def check_parent_in_code(sieve: Sieve, level: Level) -> None:
    """Refuse codes that do not begin with their parent's, where the level says they do."""
    if not level.code_has_parent or sieve.frame.empty:
        return
    codes, parents = sieve.frame["code"], sieve.frame["parent_code"]
    wrong = [
        not str(code).startswith(str(parent)) for code, parent in zip(codes, parents, strict=True)
    ]
    bad = pd.Series(wrong, index=codes.index, dtype=bool)
    sieve.refuse(bad, "code-parent", "code", code=codes, parent=parents)


def check_units(sieve: Sieve, level: Level, known: Collection[str] | None) -> None:
    """Refuse regions that hang on no unit: a grid belongs to a village, never to a town."""
    if level.unit is None or sieve.frame.empty:
        return
    codes, digits = sieve.frame["code"], level.unit.digits
    units = codes.str.slice(0, digits)
    beyond = [
        unit.removeprefix(str(parent)).strip("0")
        for unit, parent in zip(units, sieve.frame["parent_code"], strict=True)
    ]
    own = pd.Series([rest == "" for rest in beyond], index=codes.index, dtype=bool)
    sieve.refuse(own | (codes.str.len() <= digits), "no-unit", "code", code=codes, digits=digits)
    if known is not None:
        units = sieve.frame["code"].str.slice(0, digits)
        close = units.map(lambda unit: unit if unit in known else nearest(unit, sorted(known)))
        away = ~units.isin(list(known))
        kind = level.unit.kind
        sieve.refuse(away, "unknown-unit", "code", unit=units, kind=kind, nearest=close)


def check_names(sieve: Sieve) -> None:
    """Refuse rows without a name."""
    sieve.refuse(sieve.frame["name"] == "", "no-name", "name", code=sieve.frame["code"])


def name_by_code(sieve: Sieve) -> None:
    """Call nameless rows by their address or code; silent where the source names nothing."""
    names = sieve.frame["name"]
    nameless = names == ""
    others = sieve.frame.get("address", names)
    given = others.where(others != "", sieve.frame["code"])
    if not nameless.all():
        sieve.say(Outcome.NOTED, nameless, "named-by-code", "name", name=given)
    sieve.set(name=names.where(~nameless, given))


def check_kinds(sieve: Sieve) -> None:
    """Refuse kinds that are no keys: a word of their file that no dictionary translates."""
    kinds = sieve.frame["kind"]
    sieve.refuse(
        ~kinds.map(lambda kind: _KEY.fullmatch(kind) is not None).astype(bool),
        "bad-kind",
        "kind",
        kind=kinds,
    )


def check_number(sieve: Sieve, field: str, low: float, high: float) -> None:
    """Make a column numbers; what is none, or out of range, is reported and left empty."""
    texts = sieve.frame[field]
    numbers = pd.to_numeric(texts, errors="coerce")
    numbers = numbers.where(numbers.between(low, high))
    bad = (texts != "") & numbers.isna()
    sieve.say(Outcome.REPAIRED, bad, "bad-number", field.replace("_", "-"), value=texts)
    sieve.set(**{field: numbers})


def check_areas(sieve: Sieve, city: City) -> None:
    """Let polygons pass: mended where that keeps them what they are, else refused."""
    _refuse_missing(sieve, city)
    _refuse_huge(sieve, city)
    _mend(sieve, _POLYGONS)
    _refuse_far_away(sieve, city)


def check_points(sieve: Sieve, city: City) -> None:
    """Let points pass."""
    _refuse_missing(sieve, city)
    _refuse_huge(sieve, city)
    _mend(sieve, _POINTS)
    _refuse_far_away(sieve, city)


def check_shapes(sieve: Sieve, city: City) -> None:
    """Let points and polygons pass: an object is drawn as either."""
    _refuse_missing(sieve, city)
    _refuse_huge(sieve, city)
    _mend(sieve, _POINTS | _POLYGONS)
    _refuse_far_away(sieve, city)


def _refuse_missing(sieve: Sieve, city: City) -> None:
    """Refuse rows without geometry, and with coordinates that are no numbers."""
    frame = sieve.frame
    if "lon" in frame:
        given = frame["lon"] + ", " + frame["lat"]
        unread = frame.geometry.isna() & (frame["lon"] != "") & (frame["lat"] != "")
        sieve.refuse(unread, "bad-coordinates", "lon, lat", value=given)
    unread = sieve.frame.geometry.isna() & (sieve.frame["wkt"] != "")
    # The text of a geometry beyond the limit was not parsed: its commas tell the points.
    counts, most = sieve.frame["wkt"].str.count(",") + 1, city.limits.vertices
    sieve.refuse(unread & (counts > most), "geometry-too-large", "wkt", n=counts, most=most)
    unread = sieve.frame.geometry.isna() & (sieve.frame["wkt"] != "")
    sieve.refuse(unread, "bad-wkt", "wkt", value=sieve.frame["wkt"].str.slice(0, 40))
    sieve.refuse(sieve.frame.geometry.isna(), "no-geometry", "geometry")
    shapes = sieve.frame.geometry
    sieve.refuse(_series(shapes, ~finite(shapes.to_numpy())), "not-finite", "geometry")
    sieve.refuse(sieve.frame.geometry.is_empty, "empty-geometry", "geometry")


def _refuse_huge(sieve: Sieve, city: City) -> None:
    """Refuse geometries of more points than the city's limit: one could stop everything."""
    counts = pd.Series(
        shapely.get_num_coordinates(sieve.frame.geometry.to_numpy()), index=sieve.frame.index
    )
    most = city.limits.vertices
    sieve.refuse(counts > most, "geometry-too-large", "geometry", n=counts, most=most)


def _series(like: pd.Series, values: object) -> pd.Series:
    return pd.Series(values, index=like.index, dtype=bool)


def _mend(sieve: Sieve, wanted: Collection[str]) -> None:
    """Bring geometries to the wanted types and make them valid, where that is honest."""
    before = gpd.GeoSeries(shapely.force_2d(sieve.frame.geometry.to_numpy()), sieve.frame.index)
    types = before.geom_type
    wrapped = types.isin(["GeometryCollection", "MultiPoint"])
    shapes = before.where(~wrapped, before.map(lambda shape: _unwrapped(shape, wanted)))
    sieve.set(geometry=gpd.GeoSeries(shapes, crs=sieve.frame.crs))
    fits = shapes.geom_type.isin(list(wanted))
    sieve.say(Outcome.REPAIRED, wrapped & fits, "unwrapped", "geometry", found=types)
    names = " / ".join(sorted(wanted))
    sieve.refuse(~fits, "wrong-geometry", "geometry", found=types, wanted=names)
    _make_valid(sieve)


def _unwrapped(shape: shapely.Geometry, wanted: Collection[str]) -> shapely.Geometry:
    """Take out of a collection what is wanted: its areas, or the one point it is."""
    parts = shapely.get_parts(shape) if hasattr(shape, "geoms") else [shape]
    areas = [part for part in parts if part.geom_type in _POLYGONS & frozenset(wanted)]
    if areas:
        return shapely.union_all(areas)
    return parts[0] if len(parts) == 1 else shape


def _make_valid(sieve: Sieve) -> None:
    shapes = sieve.frame.geometry
    invalid = ~shapes.is_valid
    if not invalid.any():
        return
    broken = shapes[invalid]
    why = broken.is_valid_reason()
    mended = gpd.GeoSeries(_polygonal(shapely.make_valid(broken.to_numpy())), broken.index)
    before, after = (shapely.area(areas.to_numpy()) for areas in (broken, mended))
    same = _series(broken, (after > 0) & (np.abs(after - before) <= SAME_AREA * after))
    whole = shapes.copy()
    whole[same.index[same]] = mended[same].to_numpy()
    sieve.set(geometry=whole)
    reason = why.reindex(shapes.index, fill_value="")
    repaired = same.reindex(shapes.index, fill_value=False)
    sieve.say(Outcome.REPAIRED, repaired, "mended-polygon", "geometry", why=reason)
    sieve.refuse(invalid & ~repaired, "invalid-polygon", "geometry", why=reason)


def _polygonal(shapes: np.ndarray) -> list[shapely.Geometry]:
    """Return the areas among what ``make_valid`` left; the lines have none to lose."""
    return [
        shapely.union_all(
            [part for part in shapely.get_parts(shape) if part.geom_type in _POLYGONS]
        )
        for shape in shapes
    ]


def _refuse_far_away(sieve: Sieve, city: City) -> None:
    """Refuse what does not touch the city's bbox, and say when lon and lat look exchanged."""
    bounds = sieve.frame.bounds
    swapped = bounds.set_axis(["miny", "minx", "maxy", "maxx"], axis="columns")
    outside = ~_meets(bounds, city.bbox)
    exchanged = outside & _meets(swapped, city.bbox)
    at = {
        "lon": bounds["minx"].map("{:.5f}".format),
        "lat": bounds["miny"].map("{:.5f}".format),
    }
    sieve.say(Outcome.REFUSED, exchanged, "lon-lat-exchanged", "geometry", **at)
    sieve.say(Outcome.REFUSED, outside & ~exchanged, "outside-bbox", "geometry", **at)
    sieve.frame = sieve.frame[~outside]


def _meets(bounds: pd.DataFrame, bbox: tuple[float, float, float, float]) -> pd.Series:
    west, south, east, north = bbox
    return (
        (bounds["minx"] <= east)
        & (bounds["maxx"] >= west)
        & (bounds["miny"] <= north)
        & (bounds["maxy"] >= south)
    )
