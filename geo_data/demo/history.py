"""A year of cases: when they happen, where, of what kind, and how they come to be known."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo_data.demo.addresses import Streets
from geo_data.demo.buildings import Buildings
from geo_data.demo.columns import running, text
from geo_data.demo.district import District
from geo_data.demo.outline import lon_lat
from geo_data.instants import millis
from geo_data.sources import Entry
from geo_data.wall_time import to_local, to_utc
from geo_data.working_time import DAY_MS, HOUR_MS

Ints = NDArray[np.int64]

SOURCE = "demo"
_DAYS = 365
_WEEK = np.array([1.07, 1.05, 1.04, 1.03, 1.06, 0.90, 0.82])
_MONTHS = np.array([0.93, 0.80, 0.98, 1.00, 1.03, 1.10, 1.16, 1.15, 1.05, 1.00, 0.97, 0.94])
_USE_WEIGHT = np.array([1.0, 1.1, 3.2, 2.2, 2.5, 5.0])
_COUNTRY_WEIGHT = 0.28
_RAIN_CATEGORIES = ("0401", "0404", "0406", "0408", "0111")
_RAIN_MONTHS = (4, 5, 6, 7, 8, 9)
_HOT_SPOTS, _HOT_SHARE = 48, 0.13
_PASSING, _PASSING_SHARE = 16, 0.12
"""So many of the hot-spots come for weeks, as a building site does, and with them such a share."""
# Cases per local hour, by how a channel lives: office hours, people awake, evenings, machines.
_HOURS = {
    "patrol": [0, 0, 0, 0, 0, 0, 1, 4, 9, 12, 11, 8, 4, 8, 11, 11, 9, 6, 3, 2, 1, 1, 0, 0],
    "hotline": [1, 0.5, 0.4, 0.3, 0.4, 1, 2, 5, 9, 11, 10, 7, 5, 6, 8, 8, 7, 6, 6, 6, 5, 4, 3, 2],
    "police": [3, 2, 1.5, 1, 1, 1, 2, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 9, 10, 9, 7, 5],
    "video": [1, 1, 1, 1, 1, 2, 5, 7, 7, 6, 6, 6, 5, 5, 6, 6, 7, 7, 7, 6, 5, 4, 3, 2],
    "iot": [3, 3, 3, 3, 3, 4, 5, 5, 5, 4, 4, 4, 5, 4, 4, 4, 5, 5, 5, 5, 4, 4, 4, 3],
}
# Minutes from happening to being reported: median.
_DELAY_MIN = {"patrol": 3, "iot": 0.6, "video": 1.5, "hotline": 55, "police": 14, "opinion": 150}


class Happening(Entry):
    """One category of cases, as ``history.toml`` declares it."""

    weights: tuple[float, float, float]
    mix: str
    season: str = "flat"
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """What ``history.toml`` says."""

    channels: tuple[str, ...]
    mixes: dict[str, tuple[float, ...]]
    seasons: dict[str, tuple[float, ...]]
    categories: dict[str, Happening]


@cache
def habits() -> Habits:
    """Read ``history.toml``."""
    table = tomllib.loads((files("geo_data.demo") / "history.toml").read_text(encoding="utf-8"))
    return Habits(
        tuple(table["channels"]),
        {key: tuple(row) for key, row in table["mixes"].items()},
        {key: tuple(row) for key, row in table["seasons"].items()},
        {code: Happening.model_validate(row) for code, row in table["categories"].items()},
    )


def make_incidents(
    district: District,
    buildings: Buildings,
    building_frame: gpd.GeoDataFrame,
    streets: Streets,
    now: datetime,
    zone: ZoneInfo,
    count: int,
    random: np.random.Generator,
) -> pd.DataFrame:
    """Draw a year of cases up to ``now``.

    Parameters
    ----------
    building_frame : GeoDataFrame
        The buildings as a layer, in the same order: positions, names, addresses.
    now : datetime
        No case is reported later.
    count : int
        About how many.

    Returns
    -------
    DataFrame
        The columns that ``bulk_load`` takes, ordered by ``reported_at``, and ``grid``, the
        number of the grid.
    """
    day, rainy = _days(now, zone, count, random)
    building, hot = _where(buildings, day, random)
    character = _character(district, buildings, building)
    category = _categories(day, rainy, character, hot, random)
    channel = _channels(category, random)
    reported_ms, happened_ms = _times(day, channel, zone, random)
    late = reported_ms > millis(now)
    order = np.flatnonzero(~late)
    order = order[np.argsort(reported_ms[order], kind="stable")]
    frame = _described(
        district, buildings, building_frame, streets, building[order], category[order], random
    )
    day = to_local(reported_ms[order], zone) // DAY_MS
    dates = np.datetime_as_string(day.astype("M8[D]"))
    codes = [
        f"{date.replace('-', '')}{number:05d}"
        for date, number in zip(dates.tolist(), running(day).tolist(), strict=True)
    ]
    frame.insert(0, "source", text([SOURCE] * len(frame)))
    frame.insert(1, "source_id", text(codes))
    frame.insert(2, "code", text(codes))
    frame["channel"] = text(np.array(habits().channels, dtype=object)[channel[order]])
    frame["severity"] = random.choice([4, 3, 2, 1], len(order), p=[0.9738, 0.0232, 0.0028, 0.0002])
    frame["happened_at"] = pd.to_datetime(happened_ms[order], unit="ms", utc=True)
    frame["reported_at"] = pd.to_datetime(reported_ms[order], unit="ms", utc=True)
    frame["grid"] = buildings.grid[building[order]]
    return frame


def _days(
    now: datetime, zone: ZoneInfo, count: int, random: np.random.Generator
) -> tuple[Ints, NDArray[np.bool_]]:
    """Draw the local day of each case, and whether it rained hard on it."""
    today = int(to_local(np.array([millis(now)]), zone)[0] // DAY_MS)
    days = np.arange(today - _DAYS + 1, today + 1)
    month = days.astype("M8[D]").astype("M8[M]").astype(np.int64) % 12
    wet = np.isin(month + 1, _RAIN_MONTHS) & (random.uniform(size=_DAYS) < 0.085)
    weight = _WEEK[(days + 3) % 7] * _MONTHS[month] * np.where(wet, 1.3, 1.0)
    # Days hang together: a busy week is busy all week.
    mood = np.convolve(random.normal(0.0, 0.11, _DAYS + 6), np.ones(7) / 7.0, mode="valid")
    weight *= np.exp(mood + random.normal(0.0, 0.05, _DAYS))
    drawn = random.poisson(weight / weight.sum() * count)
    return np.repeat(days, drawn), np.repeat(wet, drawn)


def _where(buildings: Buildings, day: Ints, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw the building each case is at, and the number of its hot-spot, -1 for none."""
    count = len(day)
    floor_m2 = shapely.area(buildings.footprint) * np.minimum(buildings.floors, 12)
    weight = np.sqrt(floor_m2) * _USE_WEIGHT[buildings.use]
    weight *= np.where(buildings.parcel < 0, _COUNTRY_WEIGHT, 1.0)
    share = np.cumsum(weight) / weight.sum()
    building = np.searchsorted(share, random.uniform(size=count))
    centres = np.searchsorted(share, random.uniform(size=_HOT_SPOTS))
    tree = shapely.STRtree(shapely.points(buildings.x, buildings.y))
    centre_points = shapely.points(buildings.x[centres], buildings.y[centres])
    spot, around = tree.query(centre_points, predicate="dwithin", distance=90.0)
    hot = np.where(random.uniform(size=count) < _HOT_SHARE, _spots_of(day, random), -1)
    first = np.searchsorted(spot, np.arange(_HOT_SPOTS))
    number = np.bincount(spot, minlength=_HOT_SPOTS)
    own = np.flatnonzero(hot >= 0)
    pick = first[hot[own]] + (random.uniform(size=len(own)) * number[hot[own]]).astype(np.int64)
    building[own] = around[pick]
    return building, hot


def _spots_of(day: Ints, random: np.random.Generator) -> Ints:
    """Draw the hot-spot of each case: most stay all year, of the passing ones the newest two."""
    staying = random.integers(_PASSING, _HOT_SPOTS, len(day))
    begins = (np.arange(_PASSING) + random.uniform(size=_PASSING)) * _DAYS / _PASSING
    begun = np.searchsorted(begins, day - day.min() if len(day) else day, side="right")
    passing = begun - 1 - random.integers(0, 2, len(day))
    is_passing = (random.uniform(size=len(day)) < _PASSING_SHARE) & (passing >= 0)
    spots: Ints = np.where(is_passing, passing, staying)
    return spots


def _character(district: District, buildings: Buildings, building: Ints) -> Ints:
    """Return 0 in town, 1 on an estate, 2 in the country."""
    grid = buildings.grid[building]
    estate = district.industrial[grid] > np.maximum(0.42, district.urban[grid])
    character: Ints = np.where(buildings.parcel[building] < 0, 2, np.where(estate, 1, 0))
    return character


def _categories(
    day: Ints,
    rainy: NDArray[np.bool_],
    character: Ints,
    hot: Ints,
    random: np.random.Generator,
) -> Ints:
    """Draw the category of each case, an index into ``habits().categories``."""
    known = habits()
    weights = np.array([one.weights for one in known.categories.values()])
    season = np.array([known.seasons[one.season] for one in known.categories.values()])
    wet = np.isin(list(known.categories), _RAIN_CATEGORIES)
    month = day.astype("M8[D]").astype("M8[M]").astype(np.int64) % 12
    key = (month * 2 + rainy) * 3 + character
    category = np.zeros(len(day), dtype=np.int64)
    for value in np.unique(key).tolist():
        own = np.flatnonzero(key == value)
        at_month, is_rainy = divmod(value // 3, 2)
        share = (
            weights[:, value % 3] * season[:, at_month] * np.where(wet & bool(is_rainy), 14.0, 1.0)
        )
        category[own] = random.choice(len(share), len(own), p=share / share.sum())
    # A hot-spot is hot for one thing.
    theme = random.choice(len(weights), _HOT_SPOTS, p=weights[:, 0] / weights[:, 0].sum())
    themed = (hot >= 0) & (random.uniform(size=len(day)) < 0.6)
    category[themed] = theme[hot[themed]]
    return category


def _channels(category: Ints, random: np.random.Generator) -> Ints:
    known = habits()
    mixes = np.array([known.mixes[one.mix] for one in known.categories.values()])
    shares = np.cumsum(mixes / mixes.sum(axis=1, keepdims=True), axis=1)[category]
    drawn = random.uniform(size=(len(category), 1))
    channel: Ints = (drawn > shares[:, :-1]).sum(axis=1)
    return channel


def _times(
    day: Ints, channel: Ints, zone: ZoneInfo, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """Draw when each case is reported, by the hours its channel keeps, and when it happened."""
    known = habits().channels
    hours = np.array([_HOURS.get(key, _HOURS["hotline"]) for key in known], dtype=np.float64)
    shares = np.cumsum(hours / hours.sum(axis=1, keepdims=True), axis=1)[channel]
    hour = (random.uniform(size=(len(day), 1)) > shares[:, :-1]).sum(axis=1)
    within_ms = random.integers(0, HOUR_MS // 1000, len(day)) * 1000
    reported_ms = to_utc(day * DAY_MS + hour * HOUR_MS + within_ms, zone)
    median_min = np.array([float(_DELAY_MIN.get(key, 30)) for key in known])[channel]
    delay_s = np.minimum(median_min * 60.0 * random.lognormal(0.0, 0.9, len(day)), 5 * 86400.0)
    return reported_ms, reported_ms - (delay_s.astype(np.int64) + 1) * 1000


def _described(
    district: District,
    buildings: Buildings,
    frame: gpd.GeoDataFrame,
    streets: Streets,
    building: Ints,
    category: Ints,
    random: np.random.Generator,
) -> pd.DataFrame:
    """Say where each case is and what it is called."""
    # A few steps from the middle of the house: often at the door, sometimes inside.
    off_m = random.normal(0.0, 2.6, (2, len(building))).clip(-4.9, 4.9)
    x, y = buildings.x[building] + off_m[0], buildings.y[building] + off_m[1]
    lon, lat = lon_lat(x, y, district.plan.outline.metric_crs)
    village = district.village_of[buildings.grid[building]]
    towns = np.array([seat.name for seat in district.plan.seats], dtype=object)
    town = towns[district.town_of[village]]
    road, _ = streets.at(x, y)
    name = frame["name"].to_numpy(dtype=object)[building]
    address = frame["address"].to_numpy(dtype=object)[building]
    kinds = list(habits().categories.items())
    luck = random.integers(0, 60, len(building)).tolist()
    titles = [
        _title(kinds[at][1].titles, turn, place, street)
        for at, turn, place, street in zip(category.tolist(), luck, name, road, strict=True)
    ]
    return pd.DataFrame(
        {
            "title": text(titles),
            "category": text(np.array([code for code, _ in kinds], dtype=object)[category]),
            "lon": lon,
            "lat": lat,
            "address": text([f"{a}{b}" for a, b in zip(town, address, strict=True)]),
        }
    )


def _title(titles: tuple[str, ...], turn: int, place: str, road: str) -> str:
    return titles[turn % len(titles)].replace("{place}", place).replace("{road}", road)
