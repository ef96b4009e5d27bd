"""True to scale: what a ruler measures on the sheet is what EPSG:4549 says of the ground."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geo_data.faults import InputError
from geo_data.store import Store
from layers.print import MapFrame, Sheet
from layers.print.drawing import PER_MM, Box, Path
from layers.print.graticule import step_deg, ticks, write_degrees
from layers.print.locator import scale_bar
from layers.print.map_frame import ROUND, fitted, round_up
from tests.layers.print.asking import sheet_of

CRS = "EPSG:4549"
SONGJIANG = (121.22, 31.03)


def frame_at(lon: float, lat: float, denominator: float) -> MapFrame:
    east, north = Transformer.from_crs(4326, CRS, always_xy=True).transform(lon, lat)
    return MapFrame(Box(20, 30, 280, 200), CRS, denominator, east, north)


@pytest.mark.parametrize("denominator", [5_000, 25_000, 100_000])
def test_a_millimetre_is_the_same_ground_all_over_the_sheet(denominator: float) -> None:
    frame = frame_at(*SONGJIANG, denominator)
    exact = Transformer.from_crs(4326, CRS, always_xy=True)
    geod = Geod(ellps="GRS80")
    rng = np.random.default_rng(1)
    west, south, east, north = frame.degrees
    lonlat = np.column_stack([rng.uniform(west, east, 800), rng.uniform(south, north, 800)])
    page = frame.page(lonlat)
    metres = np.column_stack(exact.transform(lonlat[:, 0], lonlat[:, 1]))
    on_page = np.hypot(*(page[1:] - page[:-1]).T) * denominator / 1000
    on_plane = np.hypot(*(metres[1:] - metres[:-1]).T)
    far = on_plane > 20 * denominator / 1000
    assert np.abs(on_page[far] / on_plane[far] - 1).max() < 0.0005
    # And the plane itself is true to the ground within 0.2 per cent.
    _, _, ground = geod.inv(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1])
    assert np.abs(on_page[far] / ground[far] - 1).max() < 0.002


def test_many_corners_lie_where_each_alone_would() -> None:
    frame = frame_at(*SONGJIANG, 100_000)
    rng = np.random.default_rng(2)
    west, south, east, north = frame.degrees
    lonlat = np.column_stack([rng.uniform(west, east, 5000), rng.uniform(south, north, 5000)])
    alone = np.concatenate([frame.page(part) for part in np.array_split(lonlat, 50)])
    assert np.abs(frame.page(lonlat) - alone).max() < 0.003


def test_the_affine_leads_from_the_page_to_the_ground_and_back() -> None:
    frame = frame_at(*SONGJIANG, 25_000)
    west, south, east, north = frame.ground
    assert frame.affine.ground(frame.box.x, frame.box.bottom) == pytest.approx((west, south))
    assert frame.affine.page(east, north) == pytest.approx((frame.box.right, frame.box.y))


def test_the_bar_on_the_sheet_is_as_long_as_it_says(sheet: Sheet) -> None:
    block = next(one for one in sheet.layout.blocks if one.block.key == "scale")
    bars = [item for item in block.block.items if isinstance(item, Path)]
    corners = np.concatenate([bar.rings.xy for bar in bars])[:, 0] / PER_MM
    metres, _, long = scale_bar(sheet.scale, block.box.width - 4.2 * sheet.template.type)
    assert corners.max() - corners.min() == pytest.approx(long, abs=0.02)
    assert long * sheet.scale / 1000 == pytest.approx(metres, rel=0.002)
    said = [text for text in sheet.texts() if text.startswith("比例尺")]
    assert said == [f"比例尺 1:{sheet.scale:,.0f}"]


@given(st.floats(1, 1e7))
def test_round_scales_are_round_and_not_too_large(denominator: float) -> None:
    found = round_up(denominator)
    assert denominator <= found * 1.000001
    assert found <= denominator * 1.34
    assert any(found == pytest.approx(step * 10**power) for step in ROUND for power in range(8))


def test_a_region_fits_and_is_as_large_as_a_round_scale_allows() -> None:
    box = Box(0, 0, 200, 100)
    frame = fitted(box, CRS, (0, 0, 10_000, 4_000), "round")
    assert frame.denominator == 60_000
    assert fitted(box, CRS, (0, 0, 10_000, 4_000), "free").denominator == 52_100
    assert fitted(box, CRS, (0, 0, 10_000, 4_000), 100_000).denominator == 100_000


def test_a_scale_too_large_for_the_sheet_names_the_largest() -> None:
    with pytest.raises(InputError, match="1:50,000"):
        fitted(Box(0, 0, 200, 100), CRS, (0, 0, 10_000, 4_000), 25_000)


def test_degrees_at_the_frame_are_those_of_the_ground() -> None:
    frame = frame_at(*SONGJIANG, 50_000)
    step = step_deg(frame, 2.7)
    found = ticks(frame, step)
    assert {tick.side for tick in found} == {"top", "bottom", "left", "right"}
    for tick in found:
        level = tick.side in ("top", "bottom")
        x = tick.along if level else {"left": frame.box.x, "right": frame.box.right}[tick.side]
        y = {"top": frame.box.y, "bottom": frame.box.bottom}[tick.side] if level else tick.along
        lon, lat = frame.transformer.transform(*frame.affine.ground(x, y), direction="INVERSE")
        assert (lon if level else lat) == pytest.approx(tick.degrees, abs=2e-6)


def test_true_north_leans_as_the_meridian_does() -> None:
    frame = frame_at(*SONGJIANG, 50_000)
    (x, y), (up_x, up_y) = frame.page([SONGJIANG, (SONGJIANG[0], SONGJIANG[1] + 0.01)])
    lean = np.degrees(np.arctan2(x - up_x, y - up_y))
    assert frame.convergence_deg() == pytest.approx(lean, abs=0.01)
    assert frame.convergence_deg() > 0.5


def test_degrees_are_written_as_on_charts() -> None:
    assert write_degrees(121.2) == "121°12′"
    assert write_degrees(121 + 12 / 60 + 30 / 3600) == "121°12′30″"
    assert write_degrees(-0.5) == "−0°30′"
    assert write_degrees(59.99999 / 60) == "1°00′"


def test_somebody_may_name_the_scale(city: Store) -> None:
    assert sheet_of(city, scale=40_000).scale == 40_000
