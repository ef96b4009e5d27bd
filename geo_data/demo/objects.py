"""Sites, villages, buildings and waters as layers of the store."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo_data.crs import WGS_84
from geo_data.demo import parcels as land_use
from geo_data.demo.addresses import Streets
from geo_data.demo.buildings import BUILDING_USES, Buildings
from geo_data.demo.columns import running, text
from geo_data.demo.district import District
from geo_data.demo.names import Namer
from geo_data.demo.outline import lon_lat, to_degrees
from geo_data.demo.parcels import Parcels
from geo_data.demo.regions import Regions
from geo_data.demo.sites import Sites

_HALL = {
    land_use.INDUSTRIAL: "号厂房",
    land_use.SCHOOL: "号教学楼",
    land_use.HOSPITAL: "号医疗楼",
}


def village_layer(regions: Regions) -> gpd.GeoDataFrame:
    """Return the villages and communities as places of their town."""
    frame = regions.villages[["code", "name", "region_code", "geometry"]].copy()
    urban = frame["code"].str[-3:].astype(int) < 200
    frame["attributes"] = [
        {"type": "居委会" if is_urban else "村委会", "population": people}
        for is_urban, people in zip(urban, regions.villages["population"].tolist(), strict=True)
    ]
    return frame


def site_layers(district: District, parcels: Parcels, sites: Sites) -> dict[str, gpd.GeoDataFrame]:
    """Return residential areas, parks and greens as areas, by kind."""
    kinds = {
        "residential": land_use.RESIDENTIAL,
        "park": land_use.INDUSTRIAL,
        "green": land_use.GREEN,
    }
    shapes = to_degrees(parcels.land[sites.parcel], district.plan.outline.metric_crs).to_numpy()
    codes = np.array(district.grid_codes, dtype=object)[parcels.grid[sites.parcel]]
    frame = gpd.GeoDataFrame(
        {
            "code": sites.code,
            "name": sites.name,
            "region_code": codes,
            "site_code": [code[:12] for code in codes],
            "address": sites.address,
            "attributes": [{"buildings": number} for number in sites.buildings.tolist()],
        },
        geometry=shapes,
        crs=WGS_84,
    )
    return {kind: frame[sites.use == use].reset_index(drop=True) for kind, use in kinds.items()}


def building_layer(
    district: District,
    buildings: Buildings,
    sites: Sites,
    streets: Streets,
    random: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return every building with its name, address, floors, use and site."""
    metric = district.plan.outline.metric_crs
    shapes = to_degrees(buildings.footprint, metric).to_numpy()
    lon, lat = lon_lat(buildings.x, buildings.y, metric)
    grid = np.array(district.grid_codes, dtype=object)[buildings.grid]
    site = np.where(buildings.parcel >= 0, sites.of_parcel[buildings.parcel], -1)
    name, address = _named(district, buildings, sites, site, streets, random)
    site_codes = np.array([*sites.code, None], dtype=object)
    number = running(buildings.grid)
    frame = pd.DataFrame(
        {
            "code": text([f"{a}B{at:04d}" for a, at in zip(grid, number.tolist(), strict=True)]),
            "name": text(name),
            "region_code": text(grid),
            "site_code": text(site_codes[site]),
            "lon": lon,
            "lat": lat,
            "address": text(address),
            "floors": buildings.floors,
            "use": text(np.array(BUILDING_USES, dtype=object)[buildings.use]),
            "attributes": text(["{}"] * len(grid)),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=WGS_84)


def _named(
    district: District,
    buildings: Buildings,
    sites: Sites,
    site: NDArray[np.int64],
    streets: Streets,
    random: np.random.Generator,
) -> tuple[list[str], list[str]]:
    road, number = streets.at(buildings.x, buildings.y)
    in_site = running(np.where(site >= 0, site, len(sites.code))).tolist()
    in_village = running(district.village_of[buildings.grid]).tolist()
    village_names = np.array(district.village_names, dtype=object)[
        district.village_of[buildings.grid]
    ]
    namer = Namer(random)
    names, addresses = [], []
    rows = zip(
        site.tolist(),
        buildings.parcel.tolist(),
        buildings.use.tolist(),
        buildings.floors.tolist(),
        village_names,
        road,
        number.tolist(),
        in_site,
        in_village,
        strict=True,
    )
    for at, parcel, use, floors, village, street, house, inner, of_village in rows:
        if at >= 0:
            ending = _HALL.get(int(sites.use[at]), "号楼")
            names.append(f"{sites.name[at]}{inner}{ending}")
            addresses.append(f"{sites.address[at]}{inner}号")
            continue
        addresses.append(f"{street}{house}号")
        if parcel < 0:
            names.append(f"{village}{of_village}号{'厂房' if use == land_use.INDUSTRIAL else ''}")
        elif use == land_use.OFFICE and floors >= 6:
            names.append(namer.office())
        elif use == land_use.COMMERCIAL and floors >= 3:
            names.append(namer.mall())
        elif use == land_use.COMMERCIAL:
            names.append(f"{street}{house}号商铺")
        elif use == land_use.INDUSTRIAL:
            names.append(f"{namer.company()}厂房")
        else:
            names.append(f"{street}{house}号")
    return names, addresses


def water_layer(district: District) -> gpd.GeoDataFrame:
    """Return the rivers at their width, inside the district, one area to a river."""
    plan = district.plan
    whole = shapely.multipolygons(plan.outline.parts)
    rivers = [line for line in plan.lines if line.kind == "river"]
    shapes = [
        shapely.intersection(
            shapely.simplify(shapely.buffer(line.path, line.width_m / 2.0), 2.0), whole
        )
        for line in rivers
    ]
    frame = gpd.GeoDataFrame(
        {
            "code": [f"{plan.outline.adcode}W{at:03d}" for at in range(1, len(rivers) + 1)],
            "name": [line.name for line in rivers],
            "region_code": plan.outline.adcode,
        },
        geometry=to_degrees(np.array(shapes, dtype=object), plan.outline.metric_crs).to_numpy(),
        crs=WGS_84,
    )
    return frame[~frame.geometry.is_empty].reset_index(drop=True)
