"""Pictures that know their place: what GDAL reads off a pixel is what is drawn there."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import CRS, Transformer
from tifffile import TiffWriter

from geo_data import queries
from geo_data.exports import DATA_FORMATS
from geo_data.exports import Format as Asked
from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from layers.print import Affine, Format, Sheet, render, save
from layers.print.georeference import Georeference
from layers.print.graticule import step_deg
from layers.print.templates import template
from tests.layers.print.asking import AT, sheet_of

SHEETS = ["a3-landscape", "a4-portrait", "333.3x222.2mm"]
OWN_PLANE = "+proj=tmerc +lat_0=0 +lon_0=121.4648 +k=1 +x_0=0 +y_0=-3457147 +ellps=GRS80 +units=m"


class Picture:
    """A georeferenced file as GDAL sees it."""

    def __init__(self, path: Path | str) -> None:
        with rasterio.open(path) as file:
            self.pixels = np.moveaxis(file.read(), 0, 2).astype(float)
            self.crs, self.tags = file.crs, file.tags()
            self.six = tuple(file.transform)[:6]
            self.profile = file.profile

    def pixel(self, east: float, north: float) -> tuple[float, float]:
        a, _, c, _, e, f = self.six
        return (east - c) / a, (north - f) / e

    def ground(self, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f = self.six
        return a * x + b * y + c, d * x + e * y + f

    def dark(self, columns: slice, rows: slice, axis: int) -> float:
        """Where a dark line is crossed: the middle of its darkness along an axis, in pixels."""
        part = 255 - self.pixels[rows, columns].min(axis=2)
        part[part < 110] = 0
        along = np.median(part, axis=axis)
        start = columns.start if axis == 0 else rows.start
        return float(np.average(np.arange(len(along)) + 0.5, weights=along) + start)

    def spot(self, x: float, y: float, reach: int) -> tuple[float, float]:
        """The middle of what is drawn round a pixel."""
        left, top = int(x) - reach, int(y) - reach
        part = self.pixels[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
        away = np.abs(part - np.median(part, axis=(0, 1))).sum(axis=2)
        away[away < 120] = 0
        rows, columns = np.indices(away.shape)
        return (
            float(np.average(columns, weights=away) + 0.5 + left),
            float(np.average(rows, weights=away) + 0.5 + top),
        )


def coarse(city: Store, key: str) -> Sheet:
    sheet = template(key).model_copy(update={"dpi": 160})
    return sheet_of(city, template=sheet, layers=("sensors",), region_code="c")


@pytest.fixture(scope="module", params=SHEETS)
def sheet(city: Store, request: pytest.FixtureRequest) -> Sheet:
    return coarse(city, request.param)


@pytest.fixture(scope="module")
def tif(sheet: Sheet, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    path = tmp_path_factory.mktemp("tif") / "map.tif"
    save(sheet, path)
    return Picture(path)


def test_the_corners_of_the_frame_lie_where_the_file_says(sheet: Sheet, tif: Picture) -> None:
    assert tif.crs.to_epsg() == 4549
    line = shapely.from_wkt(tif.tags["NEATLINE"])
    west, south, east, north = line.bounds
    left, top = tif.pixel(west, north)
    right, bottom = tif.pixel(east, south)
    for x in (left, right):
        columns = slice(round(x) - 4, round(x) + 4)
        found = tif.dark(columns, slice(int(top) + 30, int(bottom) - 30), axis=0)
        assert found == pytest.approx(x, abs=0.5)
    for y in (top, bottom):
        rows = slice(round(y) - 4, round(y) + 4)
        found = tif.dark(slice(int(left) + 30, int(right) - 30), rows, axis=1)
        assert found == pytest.approx(y, abs=0.5)


def test_the_degrees_written_round_the_frame_are_those_of_the_pixels(
    sheet: Sheet, tif: Picture
) -> None:
    """Each meridian is found by its ink above the map, and read off the file as GDAL would."""
    west, _, east, north = shapely.from_wkt(tif.tags["NEATLINE"]).bounds
    back = Transformer.from_crs(4549, 4326, always_xy=True)
    step = step_deg(sheet.frame, sheet.template.type)
    (left, top), (right, _) = tif.pixel(west, north), tif.pixel(east, north)
    band = sheet.layout.inner.y - sheet.layout.outer.y
    high = int(band / sheet.template.height * len(tif.pixels))
    # Ticks go through the whole band, labels do not reach its edge.
    rows = slice(int(top) - high + 4, int(top) - high + 7)
    ink = 255 - tif.pixels[rows, int(left) + 3 : int(right) - 3].min(axis=2).mean(axis=0)
    places = [np.flatnonzero(run) for run in _runs(ink > 60)]
    assert len(places) >= 2
    for place in places:
        x = np.average(place + 0.5, weights=ink[place]) + int(left) + 3
        lon, lat = back.transform(*tif.ground(x, top))
        nearest = round(lon / step) * step
        away = Transformer.from_crs(4326, 4549, always_xy=True).transform(nearest, lat)[0]
        assert tif.pixel(away, north)[0] == pytest.approx(x, abs=0.5)


def _runs(is_ink: np.ndarray) -> list[np.ndarray]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_ink, [0]])))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        run = np.zeros(len(is_ink), dtype=bool)
        run[start:end] = True
        found.append(run)
    return found


def test_a_sensor_is_drawn_where_it_stands(city: Store, sheet: Sheet, tif: Picture) -> None:
    to_metres = Transformer.from_crs(4326, 4549, always_xy=True)
    reach = round(2.2 * sheet.template.type / 2.7 / 25.4 * sheet.template.dpi)
    drawn = set(sheet.features()["sensors"])
    found = [one for one in queries.sensors(city, Scope(), "c", AT) if one.code in drawn]
    assert len(found) >= 5
    for one in found:
        x, y = tif.pixel(*to_metres.transform(one.lon, one.lat))
        assert tif.spot(x, y, reach) == pytest.approx((x, y), abs=0.5)


def test_the_file_is_tiled_packed_and_says_what_it_is(tif: Picture) -> None:
    assert tif.profile["tiled"]
    assert tif.profile["compress"] == "deflate"
    assert tif.profile["count"] == 3
    assert tif.tags["title"] == "district c城市运行态势图 2025年7月2日 00:15"
    assert tif.tags["number"] == "YP-20250701-0007"
    assert tif.tags["secrecy"] == "内部★1年"
    assert tif.tags["approval"] == "内部使用，不得公开"
    assert tif.tags["known-at"] == "2025-07-02T00:15:00+08:00"
    assert "底图来源" in tif.tags["source"]
    assert tif.tags["layer-sensors"]
    assert "密级: 内部★1年" in tif.tags["TIFFTAG_IMAGEDESCRIPTION"]
    assert tif.tags["TIFFTAG_DATETIME"] == "2025:07:02 00:20:00"
    assert (tif.tags["TIFFTAG_XRESOLUTION"], tif.tags["TIFFTAG_RESOLUTIONUNIT"]) == (
        "160",
        "2 (pixels/inch)",
    )


def test_a_png_travels_with_its_place(sheet: Sheet, tif: Picture, tmp_path: Path) -> None:
    path = tmp_path / "map.png.zip"
    save(sheet, path)
    name = "YP-20250701-0007"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            *("说明.txt", f"{name}.png", f"{name}.pgw", f"{name}.prj", f"{name}.png.aux.xml")
        ]
        six = [float(row) for row in archive.read(f"{name}.pgw").split()]
        prj = CRS.from_wkt(archive.read(f"{name}.prj").decode())
        assert "内部★1年" in archive.read("说明.txt").decode("utf-8-sig")
        archive.extractall(tmp_path)
    png = Picture(tmp_path / f"{name}.png")
    assert png.crs.to_epsg() == 4549
    assert png.tags["secrecy"] == "内部★1年"
    assert prj.equals(CRS(4549), ignore_axis_order=True) or prj.to_epsg() == 4549
    assert png.six == pytest.approx(tif.six, abs=1e-5)
    assert (png.pixels == tif.pixels).all()
    # By the world file alone, which speaks of the middle of the first pixel.
    a, d, b, e, c, f = six
    assert (a * -0.5 + c, e * -0.5 + f) == pytest.approx(tif.ground(0, 0), abs=1e-5)
    assert (b, d) == (0, 0)
    # Straight out of the zip too, as QGIS opens it.
    assert Picture(f"/vsizip/{path}/{name}.png").crs.to_epsg() == 4549


def test_the_same_picture_is_the_same_bytes(city: Store) -> None:
    sheet, again = coarse(city, "a4-portrait"), coarse(city, "a4-portrait")
    for format in (Format.GEOTIFF, Format.GEOPNG):
        assert render(sheet, format) == render(again, format)


def test_a_turned_map_says_how_it_is_turned(tmp_path: Path) -> None:
    turned = Affine(1.5, 0.4, 500_000.0, 0.4, -1.5, 3_434_000.0)
    place = Georeference(turned, CRS(4549), "POLYGON EMPTY")
    path = tmp_path / "turned.tif"
    with TiffWriter(path) as file:
        pixels = np.zeros((20, 30, 3), np.uint8)
        file.write(pixels, photometric="rgb", metadata=None, extratags=place.tags())
    found = Picture(path)
    assert found.six == (1.5, 0.4, 500_000.0, 0.4, -1.5, 3_434_000.0)
    a, d, b, e, c, f = (float(row) for row in place.world_file().split())
    assert (a, d, b, e) == (1.5, 0.4, 0.4, -1.5)
    assert (c, f) == pytest.approx(found.ground(0.5, 0.5))


def test_a_plane_of_the_citys_own_is_understood(city: Store, tmp_path: Path) -> None:
    sheet = coarse(city, "a4-portrait")
    own = replace(sheet, frame=replace(sheet.frame, crs=OWN_PLANE, east=0.0, north=0.0))
    for ending in ("tif", "png.zip"):
        path = tmp_path / f"own.{ending}"
        save(own, path)
        name = path if ending == "tif" else f"/vsizip/{path}/{own.request.number}.png"
        picture = Picture(name)
        wanted = Transformer.from_crs(4326, OWN_PLANE, always_xy=True).transform(121.2, 31.0)
        found = Transformer.from_crs(4326, picture.crs.to_wkt(), always_xy=True)
        assert found.transform(121.2, 31.0) == pytest.approx(wanted, abs=0.001)


def test_a_plane_without_words_in_geotiff_is_refused_with_a_remedy(city: Store) -> None:
    sheet = coarse(city, "a4-portrait")
    lambert = "+proj=lcc +lat_1=25 +lat_2=47 +lat_0=31 +lon_0=121 +ellps=GRS80 +units=m"
    own = replace(sheet, frame=replace(sheet.frame, crs=lambert, east=0.0, north=0.0))
    with pytest.raises(InputError, match="geopng"):
        render(own, "geotiff")
    assert render(own, "geopng").startswith(b"PK")


def test_what_can_be_asked_for_is_what_can_be_drawn() -> None:
    data = DATA_FORMATS | {Asked.DOCX}
    assert {one.value for one in Format} == {one.value for one in set(Asked) - data}


def test_a_picture_is_whole_or_not_at_all(city: Store) -> None:
    body = render(coarse(city, "a4-portrait"), "geotiff")
    with rasterio.MemoryFile(io.BytesIO(body)) as memory, memory.open() as file:
        assert (file.read(1)[-20:, -20:] == 255).all()
        assert file.width == int(np.ceil(210 / 25.4 * 160))
