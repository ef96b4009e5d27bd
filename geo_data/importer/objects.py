"""Places and sensors, each given the finest region that holds it and the site it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_data.city import City
from geo_data.crs import WGS_84
from geo_data.dictionaries import sensor_kinds
from geo_data.faults import nearest
from geo_data.importer import containment, rules
from geo_data.importer.chain import Chain
from geo_data.importer.reading import ATTRIBUTES
from geo_data.importer.report import Outcome
from geo_data.importer.rules import Sieve

SITES = ("residential", "park")
"""Kinds of places that other places stand in."""
LOCATED = "located"
"""Attribute of a place without a location of its own: put at a point of its region."""
_MOST_FLOORS = 200
_LONGEST_PERIOD_S = 366 * 86_400
_CODE_BYTES = 6

_PLACE = ("code", "kind", "name", "region_code", "site_code", "address", "floors", "use")
_SENSOR = ("code", "kind", "name", "metric", "unit", "region_code", "place_code", "period_s")


def build_places(
    city: City, chain: Chain, sieves: Sequence[tuple[Sieve, bool]]
) -> dict[str, gpd.GeoDataFrame]:
    """Build the places.

    Parameters
    ----------
    city : City
        Its bbox and root.
    chain : Chain
        The regions they lie in.
    sieves : sequence of (Sieve, bool)
        Each source's rows, and whether rows without a location go to their ``parent`` region.
        Those of the store come last.

    Returns
    -------
    dict
        Kind -> frame as :func:`geo_data.store.write_layer` takes it.
    """
    taken: dict[str, str] = {}
    fresh: set[str] = set()
    for sieve, at_parent in sieves:
        sieve.make_way(fresh)
        rules.check_kinds(sieve)
        _locate(sieve, chain, at_parent)
        rules.check_shapes(sieve, city)
        _find_codes(sieve, taken)
        rules.name_by_code(sieve)
        rules.check_number(sieve, "floors", 0, _MOST_FLOORS)
        _find_regions(sieve, chain, city)
        fresh |= set() if sieve.kept else set(sieve.frame["code"])
    _find_sites([sieve for sieve, _ in sieves])
    whole = _together([sieve for sieve, _ in sieves], (*_PLACE, ATTRIBUTES))
    for name in ("site_code", "address", "use"):
        whole[name] = whole[name].where(whole[name] != "", None)
    return {
        str(kind): gpd.GeoDataFrame(rows.reset_index(drop=True), crs=WGS_84)
        for kind, rows in whole.groupby("kind")
    }


def build_sensors(
    city: City,
    chain: Chain,
    places: dict[str, gpd.GeoDataFrame],
    sieves: Sequence[Sieve],
) -> gpd.GeoDataFrame:
    """Build the sensors; what a row does not say comes from the dictionary of its kind."""
    taken: dict[str, str] = {}
    fresh: set[str] = set()
    for sieve in sieves:
        sieve.make_way(fresh)
        _fill_from_dictionary(sieve)
        _locate(sieve, chain, at_parent=False)
        rules.check_points(sieve, city)
        rules.check_codes(sieve)
        rules.check_unique(sieve, taken)
        rules.name_by_code(sieve)
        _find_regions(sieve, chain, city)
        _find_place(sieve, places)
        fresh |= set() if sieve.kept else set(sieve.frame["code"])
    whole = _together(sieves, _SENSOR)
    whole["place_code"] = whole["place_code"].where(whole["place_code"] != "", None)
    return whole


def _together(sieves: Sequence[Sieve], columns: Sequence[str]) -> gpd.GeoDataFrame:
    wanted = [*columns, "geometry"]
    frames = [sieve.frame[wanted] for sieve in sieves if not sieve.frame.empty]
    if not frames:
        return gpd.GeoDataFrame({name: [] for name in wanted}, geometry="geometry", crs=WGS_84)
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=WGS_84)


def _regions(chain: Chain) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.concat(chain.levels.values(), ignore_index=True), crs=WGS_84)


def _locate(sieve: Sieve, chain: Chain, at_parent: bool) -> None:
    """Put rows without a location at a point of the region they name, and mark them."""
    named = sieve.frame["parent"]
    regions = _regions(chain).set_index("code").geometry
    unknown = (named != "") & ~named.isin(regions.index)
    known = sorted(regions.index)
    close = named[unknown].map(lambda code: nearest(code, known)).reindex(named.index)
    sieve.refuse(unknown, "unknown-region", "parent", parent=named, nearest=close)
    named = sieve.frame["parent"]
    placed = sieve.frame.geometry.isna() & (named != "") & at_parent
    sieve.set(at_parent=placed)
    if not placed.any():
        return
    points = dict(zip(regions.index, containment.anchors(regions), strict=True))
    shapes = sieve.frame.geometry.to_numpy().copy()
    shapes[placed] = [points[code] for code in named[placed]]
    marks = [
        {**row, LOCATED: "parent"} if mark else row
        for row, mark in zip(sieve.frame[ATTRIBUTES], placed, strict=True)
    ]
    sieve.set(
        geometry=gpd.GeoSeries(shapes, index=sieve.frame.index, crs=WGS_84),
        **{ATTRIBUTES: pd.Series(marks, index=sieve.frame.index, dtype=object)},
    )
    sieve.say(Outcome.NOTED, placed, "located-at-parent", "geometry", parent=named)


def _find_codes(sieve: Sieve, taken: dict[str, str]) -> None:
    """Check codes; where a source has none, make them out of kind, name and position."""
    if (sieve.frame["code"] != "").any():
        rules.check_codes(sieve)
        rules.check_unique(sieve, taken)
        return
    middles = shapely.centroid(sieve.frame.geometry.to_numpy())
    positions = shapely.get_coordinates(middles).round(6)
    codes = [
        _made_code(kind, f"{name}|{lon:.6f}|{lat:.6f}")
        for kind, name, (lon, lat) in zip(
            sieve.frame["kind"], sieve.frame["name"], positions, strict=True
        )
    ]
    sieve.set(code=pd.Series(codes, index=sieve.frame.index, dtype=object))
    rules.check_unique(sieve, taken, "duplicate-row")


def _made_code(kind: str, text: str) -> str:
    """Return a code that the same row gets again at the next import."""
    return f"{kind}-{blake2b(text.encode(), digest_size=_CODE_BYTES).hexdigest()}"


def _find_regions(sieve: Sieve, chain: Chain, city: City) -> None:
    points = containment.anchors(sieve.frame.geometry)
    found = containment.finest_holders(points, chain.levels.values())
    # A place put at a point of its region is known to that region and to no finer one.
    found = np.where(sieve.frame["at_parent"], sieve.frame["parent"].to_numpy(dtype=object), found)
    sieve.set(region_code=pd.Series(found, index=sieve.frame.index, dtype=object))
    at = [f"{lon:.5f}, {lat:.5f}" for lon, lat in shapely.get_coordinates(points)]
    sieve.refuse(
        sieve.frame["region_code"] == containment.NOWHERE,
        "outside-city",
        "geometry",
        at=pd.Series(at, index=sieve.frame.index, dtype=object),
    )
    _note_regions(sieve, chain, city)


def _note_regions(sieve: Sieve, chain: Chain, city: City) -> None:
    """Note rows in a gap between regions, and rows whose column names another region."""
    held, named = sieve.frame["region_code"], sieve.frame["parent"]
    sieve.say(Outcome.NOTED, held == city.code, "in-a-gap", "geometry", below=city.level_keys[1])
    parents = _regions(chain).set_index("code")["parent_code"].to_dict()
    within = pd.Series(
        [_is_within(code, above, parents) for code, above in zip(held, named, strict=True)],
        index=held.index,
        dtype=bool,
    )
    sieve.say(Outcome.NOTED, ~within, "region-disagrees", "parent", parent=named, found=held)


def _is_within(code: str | None, above: str, parents: dict[str, str | None]) -> bool:
    if above == "":
        return True
    while code is not None and code != above:
        code = parents.get(code)
    return code == above


def _areas(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return those rows that are areas."""
    parts = [
        frame.loc[frame.geom_type != "Point", ["code", "geometry"]]
        for frame in frames
        if not frame.empty
    ]
    if not parts:
        return gpd.GeoDataFrame({"code": [], "geometry": []}, geometry="geometry", crs=WGS_84)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=WGS_84)


def _find_sites(sieves: Sequence[Sieve]) -> None:
    """Say for each place which residential area or park it stands in."""
    known = {code for sieve in sieves for code in sieve.frame["code"]}
    sites = _areas([sieve.frame[sieve.frame["kind"].isin(SITES)] for sieve in sieves])
    for sieve in sieves:
        _check_reference(sieve, "site", known)
        named = sieve.frame["site"]
        found = containment.holders(containment.anchors(sieve.frame.geometry), sites)
        stands = named.where(named != "", pd.Series(found, index=named.index, dtype=object))
        is_site = sieve.frame["kind"].isin(SITES)
        sieve.set(site_code=stands.where(~is_site, ""))


def _find_place(sieve: Sieve, places: dict[str, gpd.GeoDataFrame]) -> None:
    """Say for each sensor which place it is in: the named one, else the smallest around it."""
    known = {code for frame in places.values() for code in frame["code"]}
    _check_reference(sieve, "place", known)
    named = sieve.frame["place"]
    around = _areas(list(places.values()))
    found = containment.holders(containment.anchors(sieve.frame.geometry), around)
    sieve.set(
        place_code=named.where(named != "", pd.Series(found, index=named.index, dtype=object))
    )


def _check_reference(sieve: Sieve, field: str, known: set[str]) -> None:
    named = sieve.frame[field]
    dangling = (named != "") & ~named.isin(known)
    sieve.say(Outcome.REPAIRED, dangling, "unknown-place", field, code=named)
    sieve.set(**{field: named.where(~dangling, "")})


def _fill_from_dictionary(sieve: Sieve) -> None:
    """Refuse kinds nobody declared; fill metric, unit and period from the dictionary."""
    kinds = sieve.frame["kind"]
    known = sensor_kinds()
    close = kinds.map(lambda kind: nearest(kind, list(known)))
    sieve.refuse(~kinds.isin(list(known)), "unknown-sensor-kind", "kind", kind=kinds, nearest=close)
    rules.check_number(sieve, "period_s", 1, _LONGEST_PERIOD_S)
    frame = sieve.frame
    declared = [known[kind] for kind in frame["kind"]]
    defaults = pd.DataFrame(
        {
            "metric": [kind.metric for kind in declared],
            "unit": [kind.unit for kind in declared],
            "period_s": [kind.period_s for kind in declared],
        },
        index=frame.index,
    )
    sieve.set(
        metric=frame["metric"].where(frame["metric"] != "", defaults["metric"]),
        unit=frame["unit"].where(frame["unit"] != "", defaults["unit"]),
        period_s=frame["period_s"].fillna(defaults["period_s"]).astype(int),
    )
