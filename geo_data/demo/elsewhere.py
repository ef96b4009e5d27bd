"""A plausible plan for a district of which nothing but the outline is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from geo_data.demo.lines import Floats, Line, drawn
from geo_data.demo.names import Namer
from geo_data.demo.outline import Outline
from geo_data.demo.plan import Plan, Seat, Spots

_HOME_KM2 = 606.0
_BUILT_KM2 = 215.0
_BUILT_FROM = 0.27


def plan_elsewhere(outline: Outline, waves: Floats, random: np.random.Generator) -> Plan:
    """Lay out seats, centres, industry, rivers and roads; every name is made up.

    Parameters
    ----------
    outline : Outline
        The district.
    waves : ndarray
        Of the plan's noise.
    random : Generator
        Draws everything.
    """
    area_km2 = outline.area_m2 / 1e6
    scale = float(np.clip(np.sqrt(area_km2 / _HOME_KM2), 0.35, 1.6))
    inside = _points_inside(outline, 4000, random)
    middle = _middle(outline, inside)
    away_m = np.hypot(inside[:, 0] - middle[0], inside[:, 1] - middle[1])
    near = 1.0 / (1.0 + (away_m / (5200.0 * scale)) ** 2)
    count = int(np.clip(round(4.0 + 0.53 * np.sqrt(area_km2)), 3, 28))
    at, reach = _seats(inside, near, count, outline.area_m2)
    industry = _industry(at, reach, scale, random)
    built_km2 = float(np.clip(0.85 * area_km2, 1.0, _BUILT_KM2))
    centres = _built_up(
        _centres(at, reach, middle, scale, random), industry, inside, built_km2 / area_km2
    )
    names = Namer(random)
    seats = tuple(
        Seat(
            f"{outline.adcode}{number:03d}",
            names.town(subdistrict=number <= _subdistricts(count)),
            float(x),
            float(y),
            float(share),
        )
        for number, ((x, y), share) in enumerate(
            zip(at, area_km2 * reach**2 / (reach**2).sum(), strict=True), start=1
        )
    )
    return Plan(
        outline=outline,
        seats=seats,
        centres=centres,
        industry=industry,
        lines=_lines(outline, middle, random),
        metro=(),
        functional=(f"{outline.adcode}F01", f"{names.place()}经济开发区", frozenset({"0", "1"})),
        population=int(round(9_000.0 * built_km2 + 50.0 * min(area_km2, 5_000.0), -3)),
        home=False,
        waves=waves,
    )


def _points_inside(outline: Outline, count: int, random: np.random.Generator) -> Floats:
    west, south, east, north = shapely.total_bounds(outline.parts)
    whole = shapely.multipolygons(outline.parts)
    shapely.prepare(whole)
    found = np.empty((0, 2))
    while len(found) < count:
        x, y = random.uniform(west, east, count), random.uniform(south, north, count)
        found = np.concatenate((found, np.column_stack((x, y))[shapely.contains_xy(whole, x, y)]))
    return found[:count]


def _middle(outline: Outline, inside: Floats) -> Floats:
    """Return where the city lies: deep inside, and not far from the middle of the whole."""
    border = shapely.boundary(outline.parts[0])
    points = shapely.points(inside)
    depth = shapely.distance(points, border) * shapely.intersects(outline.parts[0], points)
    away = np.hypot(*(inside - inside.mean(axis=0)).T)
    best: Floats = inside[int(np.argmax(depth - 0.35 * away))]
    return best


def _subdistricts(count: int) -> int:
    return max(1, round(count * 0.35))


def _seats(inside: Floats, near: Floats, count: int, area_m2: float) -> tuple[Floats, Floats]:
    """Spread seats, closer together near the middle; also how far each one reaches."""
    reach = 1.0 - 0.62 * near
    reach *= 1.6 * np.sqrt(area_m2 / count) / reach.mean()
    order = np.argsort(-near, kind="stable")
    while True:
        chosen: list[int] = []
        free = np.ones(len(inside), dtype=bool)
        for index in order.tolist():
            if free[index]:
                chosen.append(index)
                apart = np.hypot(*(inside - inside[index]).T)
                free &= apart > 0.85 * np.minimum(reach, reach[index])
        if len(chosen) >= count:
            return inside[chosen[:count]], reach[chosen[:count]]
        reach = reach * 0.95


def _centres(
    at: Floats, reach: Floats, middle: Floats, scale: float, random: np.random.Generator
) -> Spots:
    weight = np.where(np.arange(len(at)) < _subdistricts(len(at)), 0.8, 0.5)
    weight = weight * random.uniform(0.85, 1.1, len(at))
    radius_m = np.clip(0.24 * reach, 420.0, 1900.0) * random.uniform(0.8, 1.2, len(at))
    x = np.concatenate(([middle[0]], at[:, 0]))
    y = np.concatenate(([middle[1]], at[:, 1]))
    return Spots(
        tuple(str(number) for number in range(len(x))),
        x,
        y,
        np.concatenate(([1.0], np.minimum(weight, 0.95))),
        np.concatenate(([2600.0 * scale], radius_m)),
    )


def _built_up(centres: Spots, industry: Spots, inside: Floats, share: float) -> Spots:
    """Widen or narrow the centres until about ``share`` of the district is built up."""
    x, y = inside[:, 0], inside[:, 1]
    works = industry.at(x, y) > 0.42
    low, high = 0.25, 6.0
    for _ in range(20):
        factor = (low + high) / 2.0
        wider = replace(centres, radius_m=centres.radius_m * factor)
        built = (wider.at(x, y) > _BUILT_FROM) | works
        low, high = (factor, high) if built.mean() < share else (low, factor)
    return replace(centres, radius_m=centres.radius_m * high)


def _industry(at: Floats, reach: Floats, scale: float, random: np.random.Generator) -> Spots:
    """Return an estate or so beside each seat; the first two are the development zone."""
    heading = random.uniform(0.0, 2.0 * np.pi, len(at))
    far = 0.42 * np.minimum(reach, 6000.0 * scale)
    radius_m = np.clip(0.2 * reach, 350.0, 850.0) * random.uniform(0.7, 1.2, len(at))
    radius_m[:2] *= 1.7
    return Spots(
        tuple(str(number) for number in range(len(at))),
        at[:, 0] + far * np.cos(heading),
        at[:, 1] + far * np.sin(heading),
        random.uniform(0.65, 0.95, len(at)),
        radius_m,
    )


def _lines(outline: Outline, middle: Floats, random: np.random.Generator) -> tuple[Line, ...]:
    west, south, east, north = shapely.total_bounds(outline.parts)
    span_m = float(np.hypot(east - west, north - south))
    lines = []
    first = random.uniform(0.0, np.pi)
    kinds = (("river", 0.012), ("river", 0.003), ("road", 0.0), ("river", 0.002), ("road", 0.0))
    for number, (kind, share) in enumerate(kinds):
        heading = first + number * 2.2 + random.normal(0.0, 0.2)
        ahead = np.array([np.cos(heading), np.sin(heading)])
        side = np.array([-ahead[1], ahead[0]])
        foot = middle + side * random.normal(0.0, 0.13) * span_m
        along = np.linspace(-1.0, 1.0, 9)[:, None] * span_m
        sway = np.cumsum(random.normal(0.0, 0.022, 9))[:, None] * span_m
        width_m = 42.0 if kind == "road" else float(np.clip(share * span_m, 28.0, 320.0))
        path = foot + ahead * along + side * sway
        lines.append(drawn(f"{kind}-{number}", kind, width_m, path, random))
    return tuple(lines)
