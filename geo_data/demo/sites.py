"""Residential areas, business parks, schools, hospitals, greens: pieces of land with a name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_data.demo import parcels as land_use
from geo_data.demo.addresses import Streets
from geo_data.demo.buildings import Buildings
from geo_data.demo.district import District
from geo_data.demo.names import Namer
from geo_data.demo.parcels import Parcels

Ints = NDArray[np.int64]

_PARK_FROM_M2 = 42_000.0
_FEWEST = 3
_LETTER = {
    land_use.RESIDENTIAL: "R",
    land_use.INDUSTRIAL: "P",
    land_use.SCHOOL: "E",
    land_use.HOSPITAL: "H",
    land_use.GREEN: "G",
}
_SCHOOLS = ("小学", "小学", "初级中学", "实验学校", "中学", "外国语小学")
_GREENS = ("公园", "绿地", "街心花园", "口袋公园", "公园")


@dataclass(frozen=True, slots=True)
class Sites:
    """Parcels that have a name; columns run alongside.

    Parameters
    ----------
    parcel : ndarray of int
        Which parcel each is.
    use : ndarray of int
        Its use, an index into ``parcels.USES``.
    code, name, address : list of str
    of_parcel : ndarray of int
        Per parcel, which site it is; -1 for none.
    buildings : ndarray of int
        How many buildings stand on it.
    """

    parcel: Ints
    use: Ints
    code: list[str]
    name: list[str]
    address: list[str]
    of_parcel: Ints
    buildings: Ints


def make_sites(
    district: District,
    parcels: Parcels,
    buildings: Buildings,
    streets: Streets,
    random: np.random.Generator,
) -> Sites:
    """Name the land that people call by a name.

    A residential area needs a few buildings, a park (园区) enough land; smaller works are just
    works. Codes are the village's 12 digits, a letter and a running number.
    """
    count = np.bincount(buildings.parcel[buildings.parcel >= 0], minlength=len(parcels.land))
    use = parcels.use
    named = ((use == land_use.RESIDENTIAL) & (count >= _FEWEST)) | (
        (use == land_use.INDUSTRIAL) & (shapely.area(parcels.land) > _PARK_FROM_M2) & (count >= 5)
    )
    named |= np.isin(use, (land_use.SCHOOL, land_use.HOSPITAL)) & (count > 0)
    named |= use == land_use.GREEN
    chosen = np.flatnonzero(named)
    village = district.village_of[parcels.grid[chosen]]
    chosen = chosen[np.lexsort((use[chosen], village))]
    namer = Namer(random)
    names = [_name(namer, int(use[at]), random) for at in chosen]
    middle = shapely.get_coordinates(shapely.centroid(parcels.land[chosen]))
    road, number = streets.at(middle[:, 0], middle[:, 1])
    lane = use[chosen] == land_use.RESIDENTIAL
    of_parcel = np.full(len(use), -1, dtype=np.int64)
    of_parcel[chosen] = np.arange(len(chosen))
    return Sites(
        parcel=chosen,
        use=use[chosen],
        code=_codes(district, parcels, chosen),
        name=names,
        address=[
            f"{street}{at}{'弄' if in_lane else '号'}"
            for street, at, in_lane in zip(road, number.tolist(), lane.tolist(), strict=True)
        ],
        of_parcel=of_parcel,
        buildings=count[chosen],
    )


def _codes(district: District, parcels: Parcels, chosen: Ints) -> list[str]:
    seen: dict[str, int] = {}
    codes = []
    for at in chosen.tolist():
        village = district.village_codes[int(district.village_of[parcels.grid[at]])]
        head = f"{village}{_LETTER[int(parcels.use[at])]}"
        seen[head] = seen.get(head, 0) + 1
        codes.append(f"{head}{seen[head]:03d}")
    return codes


def _name(namer: Namer, use: int, random: np.random.Generator) -> str:
    if use == land_use.RESIDENTIAL:
        return namer.compound()
    if use == land_use.INDUSTRIAL:
        return namer.park()
    if use == land_use.SCHOOL:
        return namer.place() + _SCHOOLS[int(random.integers(len(_SCHOOLS)))]
    if use == land_use.HOSPITAL:
        return namer.place() + "医院"
    return namer.place() + _GREENS[int(random.integers(len(_GREENS)))]
