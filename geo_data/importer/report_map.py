"""The map of a report: the regions as lines, a sign at every fault, north up and to scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import Markup
from numpy.typing import NDArray
from pyproj import Transformer

from geo_data.faults import WORDS
from geo_data.importer.report import Finding, ImportReport, Outcome

WIDTH, HEIGHT = 1000.0, 640.0
MARGIN = 36.0
_DETAIL = 0.5
"""Lines are drawn to so much of a unit."""
_MOST_LABELS = 40
_PATHS: Mapping[Outcome, str] = {
    Outcome.REFUSED: "m-5-5 10 10m0-10-10 10",
    Outcome.REPAIRED: "m0-6 6 6-6 6-6-6z",
    Outcome.NOTED: "m-4.500 0a4.500 4.500 0 1 0 9 0a4.500 4.500 0 1 0-9 0z",
}
SIGNS: Mapping[Outcome, Markup] = {
    outcome: Markup(
        '<svg class="key" viewBox="-7 -7 14 14" aria-hidden="true">'
        '<path class="{}" d="M0 0{}"/></svg>'
    ).format(outcome.value, path)
    for outcome, path in _PATHS.items()
}


@dataclass(frozen=True, slots=True)
class ReportMap:
    """A drawn map.

    Parameters
    ----------
    svg : Markup
        The drawing.
    off_map : int
        Findings that are not on it.
    place_of : callable
        Finding -> ``(x, y)`` on the drawing, or ``None``.
    """

    svg: Markup
    off_map: int
    place_of: Callable[[Finding], tuple[float, float] | None]


def draw_map(report: ImportReport, language: str) -> ReportMap:
    """Draw the regions of a report with a sign at each of its faults.

    Parameters
    ----------
    report : ImportReport
        Its ``regions`` and ``metric_crs``; without regions nothing is drawn.
    language : str
        ``zh-CN`` or ``en``.
    """
    metric = {key: frame.to_crs(report.metric_crs) for key, frame in report.regions.items()}
    bounds = [frame.total_bounds for frame in metric.values() if not frame.empty]
    if not bounds:
        return ReportMap(Markup(""), len(report.findings), lambda _: None)
    box = np.array(bounds)
    west, south = box[:, :2].min(axis=0)
    east, north = box[:, 2:].max(axis=0)
    scale = min((WIDTH - 2 * MARGIN) / (east - west), (HEIGHT - 2 * MARGIN) / (north - south))
    middle = np.array([(west + east) / 2, (south + north) / 2])

    def drawn(points: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (points - middle) * [scale, -scale]
        moved += [WIDTH / 2, HEIGHT / 2]
        return moved

    to_metric = Transformer.from_crs(4326, report.metric_crs, always_xy=True)

    def place_of(finding: Finding) -> tuple[float, float] | None:
        if finding.at is None:
            return None
        x, y = drawn(np.array([to_metric.transform(*finding.at)]))[0]
        return (float(x), float(y)) if 0 <= x <= WIDTH and 0 <= y <= HEIGHT else None

    ground = Markup("").join(
        Markup('<path class="l{}" d="{}"/>').format(min(rank, 4), _outlines(frame, drawn))
        for rank, frame in reversed(list(enumerate(metric.values())))
        if rank
    )
    root = next(iter(metric.values()))
    base = Markup('<path class="l0" d="{}"/>').format(_outlines(root, drawn))
    signs, placed = _signs(report, place_of)
    svg = Markup('<svg viewBox="0 0 {:.0f} {:.0f}" role="img">{}{}{}{}{}{}</svg>').format(
        WIDTH,
        HEIGHT,
        base + ground,
        _labels(list(metric.values())[1:2], drawn),
        signs,
        Markup('<circle id="here" r="12"/>'),
        _scale_bar(scale),
        _north(language),
    )
    return ReportMap(svg, len(report.findings) - placed, place_of)


Drawn = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _outlines(frame: gpd.GeoDataFrame, drawn: Drawn) -> str:
    """Return areas as the data of one SVG path."""
    moved = shapely.transform(frame.geometry.to_numpy(), drawn)
    thin = shapely.simplify(moved, _DETAIL, preserve_topology=False)
    rings = [
        shapely.get_coordinates(ring)
        for polygon in shapely.get_parts(thin)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "z" for ring in rings)


def _labels(levels: list[gpd.GeoDataFrame], drawn: Drawn) -> Markup:
    """Return the names of the level below the top, where they are few enough to be read."""
    text = Markup('<text x="{:.0f}" y="{:.0f}">{}</text>')
    return Markup("").join(
        text.format(x, y, name)
        for frame in levels
        if len(frame) <= _MOST_LABELS
        for name, (x, y) in zip(
            frame["name"],
            drawn(shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy()))),
            strict=True,
        )
    )


def _signs(
    report: ImportReport, place_of: Callable[[Finding], tuple[float, float] | None]
) -> tuple[Markup, int]:
    """Return all signs, what is refused on top, and how many there are."""
    body, placed = Markup(""), 0
    for outcome in reversed(Outcome):
        places = [place_of(each) for each in report.findings if each.outcome is outcome]
        there = [place for place in places if place is not None]
        placed += len(there)
        # Thousands of one kind lie on each other: a sign a unit is enough to see them by.
        distinct = dict.fromkeys((round(x), round(y)) for x, y in there)
        data = "".join(f"M{x} {y}{_PATHS[outcome]}" for x, y in distinct)
        body += Markup('<path class="{}" d="{}"/>').format(outcome.value, data)
    return body, placed


def _scale_bar(scale: float) -> Markup:
    """Return a bar of a round length; ``scale`` is units of the drawing a metre."""
    longest_m = 200.0 / scale
    power = 10.0 ** np.floor(np.log10(longest_m))
    length_m = float(max(step * power for step in (1, 2, 5) if step * power <= longest_m))
    said = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    x, y = 24, HEIGHT - 20
    return Markup(
        '<path class="bar" d="M{0} {1}v6h{2:.1f}v-6"/>'
        '<text class="bartext" x="{0}" y="{3}">{4}</text>'
    ).format(x, y, length_m * scale, y - 6, said)


def _north(language: str) -> Markup:
    x, y = WIDTH - 32, 24
    return Markup(
        '<path class="bar" d="M{0} {1}v32m-6-22 6-10 6 10"/><text x="{0}" y="{2}">{3}</text>'
    ).format(x, y, y + 48, WORDS("page-north", language))
