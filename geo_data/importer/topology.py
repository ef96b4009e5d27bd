"""Where the regions of a level do not add up: overlaps, gaps, parts outside, numbers left out.

Told with area and place; whose border is right is not ours to say.
"""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd

from geo_data.city import City
from geo_data.faults import Fault
from geo_data.importer import containment
from geo_data.importer.report import Finding, Outcome
from geo_data.levels import Level

OVERLAP_M2 = 100.0
"""Neighbours that share less than this were digitised apart; more is reported."""
GAP_SHARE = 0.001
"""A parent that its children leave uncovered by more than this share is reported."""
_FEW = 5


def note_level(
    areas: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, city: City, key: str
) -> Iterator[Finding]:
    """Note what does not add up between the regions of a level, and with the level above.

    Parameters
    ----------
    areas, parents : GeoDataFrame
        The level and the one above, in EPSG:4326, with ``code``; ``areas`` with
        ``parent_code``.
    city : City
        Its metric CRS and levels.
    key : str
        The level.
    """
    yield from _overlaps(areas, city, key)
    yield from _gaps(areas, parents, city, key)
    yield from _outside(areas, parents, city, key)
    childless = sorted(set(parents["code"]) - set(areas["parent_code"]))
    if childless:
        codes = ", ".join(childless[:_FEW])
        yield _noted("no-children", None, level=key, n=len(childless), codes=codes)
    yield from _sequence(areas, city.level(key))


def _noted(key: str, at: tuple[float, float] | None, **values: object) -> Finding:
    if at is not None:
        values["at"] = f"{at[0]:.5f}, {at[1]:.5f}"
    return Finding(Outcome.NOTED, Fault(key, values=values), at)


def _overlaps(areas: gpd.GeoDataFrame, city: City, key: str) -> Iterator[Finding]:
    codes = areas["code"].to_numpy()
    pairs = containment.overlaps(areas, city.metric_crs, OVERLAP_M2)
    for _, pair in pairs.iterrows():
        first, second = codes[int(pair["first"])], codes[int(pair["second"])]
        area = f"{pair['shared_m2']:,.0f}"
        at = (float(pair["lon"]), float(pair["lat"]))
        yield _noted("regions-overlap", at, level=key, first=first, second=second, area=area)


def _gaps(
    areas: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, city: City, key: str
) -> Iterator[Finding]:
    gaps = containment.gaps(areas, parents, city.metric_crs)
    for code, gap in gaps[gaps["share"] > GAP_SHARE].iterrows():
        area, share = f"{gap['missing_m2']:,.0f}", f"{gap['share']:.1%}"
        at = (float(gap["lon"]), float(gap["lat"]))
        yield _noted("regions-gap", at, level=key, parent=code, area=area, share=share)


def _outside(
    areas: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, city: City, key: str
) -> Iterator[Finding]:
    beyond = containment.outside(areas, parents, city.metric_crs)
    far = (beyond["outside_m2"] > OVERLAP_M2) & (beyond["share"] > GAP_SHARE)
    for code, part in beyond[far].iterrows():
        area, share = f"{part['outside_m2']:,.0f}", f"{part['share']:.1%}"
        at = (float(part["lon"]), float(part["lat"]))
        parent = part["parent"]
        values = {"level": key, "code": code, "parent": parent, "area": area, "share": share}
        yield _noted("region-sticks-out", at, **values)


def _sequence(areas: gpd.GeoDataFrame, level: Level) -> Iterator[Finding]:
    """Note numbers that the codes of one parent, or unit, leave out."""
    digits = level.code_sequence
    if digits is None or areas.empty:
        return
    codes = areas["code"].astype(str)
    numbers = pd.to_numeric(codes.str.slice(-digits), errors="coerce")
    for head, given in numbers.groupby(codes.str.slice(0, -digits)):
        known = {int(number) for number in given.dropna()}
        left_out = sorted(set(range(1, max(known, default=0))) - known)
        if left_out or 0 in known or given.isna().any():
            shown = ", ".join(str(number).zfill(digits) for number in left_out[:_FEW]) or "—"
            yield _noted("sequence-gap", None, level=level.key, head=head, n=shown)
