"""Where the pixels of a sheet lie on the ground, as GIS programs are told.

The whole sheet is the picture and not its map alone: secrecy, number and source must not part
from what they speak of, and layouts of QGIS and ArcGIS are written so too. The affine is that of
the map; ``neatline`` tells programs (and ``gdalwarp -cutline``) which part of the sheet it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees
from typing import Any

from pyproj import CRS

from geo_data.faults import Fault, InputError
from layers.print.map_frame import Affine, MapFrame
from layers.print.sheet_info import SheetInfo

# GeoTIFF 1.1 (OGC 19-008r4), Annex B: of each key its number.
_MODEL, _RASTER, _CITATION = 1024, 1025, 1026
_GEOGRAPHIC, _DATUM, _ANGLES, _ELLIPSOID, _MAJOR, _FLATTENING = 2048, 2050, 2054, 2056, 2057, 2059
_PROJECTED, _PROJECTION, _METHOD, _LENGTHS = 3072, 3074, 3075, 3076
_PARAMETERS = {8801: 3081, 8802: 3080, 8805: 3092, 8806: 3082, 8807: 3083}
"""Of a Transverse Mercator, by their numbers in EPSG."""
_IS_PROJECTED, _IS_AREA, _OWN, _DEGREE, _METRE, _IS_TRANSVERSE = 1, 1, 32767, 9102, 9001, 1
_TRANSVERSE = "9807"
_KEYS, _DOUBLES, _TEXTS = 34735, 34736, 34737
_PIXEL_SCALE, _TIEPOINT, _TRANSFORMATION = 33550, 33922, 34264
_SHORT, _DOUBLE, _ASCII = 3, 12, 2

Tag = tuple[int, int, int, Any, bool]
"""Number, type, count, value, and that it is written once."""


@dataclass(frozen=True, slots=True)
class Georeference:
    """Pixels of a sheet on the ground.

    Parameters
    ----------
    affine : Affine
        Columns and rows, from the upper left corner of the upper left pixel, to metres.
    crs : CRS
        Of the metres; easting comes first in a picture, whatever the authority says.
    neatline : str
        The frame of the map in the CRS, as WKT.
    """

    affine: Affine
    crs: CRS
    neatline: str

    @classmethod
    def of(cls, info: SheetInfo, columns: int, rows: int) -> Georeference:
        """Return it for the picture of a whole sheet."""
        affine = info.frame.affine.of_steps(info.width / columns, info.height / rows)
        return cls(affine, CRS.from_user_input(info.frame.crs), _neatline(info.frame))

    def world_file(self) -> str:
        """Return the six lines of a world file: it speaks of the middle of the first pixel."""
        a = self.affine
        east, north = a.ground(0.5, 0.5)
        return "".join(f"{value:.12g}\n" for value in (a.a, a.d, a.b, a.e)) + (
            f"{east:.6f}\n{north:.6f}\n"
        )

    def tags(self) -> list[Tag]:
        """Return the tags of a GeoTIFF.

        Raises
        ------
        InputError
            The CRS has no number and is no Gauss-Krueger plane: GeoTIFF has no words for it.
        """
        code = self.crs.to_epsg(min_confidence=100)
        keys: dict[int, int | float] = {_MODEL: _IS_PROJECTED, _RASTER: _IS_AREA}
        keys |= _own_plane(self.crs) if code is None else {_PROJECTED: code}
        doubles = [value for value in keys.values() if isinstance(value, float)]
        name = _plain(self.crs.name)
        rows = [(_CITATION, _TEXTS, len(name) + 1, 0)]
        for key, value in keys.items():
            is_double = isinstance(value, float)
            where = doubles.index(value) if is_double else value
            rows.append((key, _DOUBLES if is_double else 0, 1, int(where)))
        rows.sort()
        directory = (1, 1, 0, len(rows), *(number for row in rows for number in row))
        found = [*self._places(), (_KEYS, _SHORT, len(directory), directory, True)]
        if doubles:
            found.append((_DOUBLES, _DOUBLE, len(doubles), tuple(doubles), True))
        return [*found, (_TEXTS, _ASCII, 0, f"{name}|", True)]

    def _places(self) -> list[Tag]:
        a = self.affine
        if a.b or a.d:
            turned = (a.a, a.b, 0.0, a.c, a.d, a.e, 0.0, a.f, *(0.0,) * 4, 0.0, 0.0, 0.0, 1.0)
            return [(_TRANSFORMATION, _DOUBLE, 16, turned, True)]
        # More programs read these two than the matrix.
        return [
            (_PIXEL_SCALE, _DOUBLE, 3, (a.a, -a.e, 0.0), True),
            (_TIEPOINT, _DOUBLE, 6, (0.0, 0.0, 0.0, a.c, a.f, 0.0), True),
        ]


def _own_plane(crs: CRS) -> dict[int, int | float]:
    """Return the keys of a plane that has no number: a Gauss-Krueger one of a city's own."""
    operation = crs.coordinate_operation
    if operation is None or operation.method_code != _TRANSVERSE or crs.geodetic_crs is None:
        raise InputError(Fault("sheet-crs", values={"crs": crs.name}))
    found: dict[int, int | float] = {
        **{_PROJECTED: _OWN, _PROJECTION: _OWN, _METHOD: _IS_TRANSVERSE, _LENGTHS: _METRE},
        **_ground(crs.geodetic_crs),
    }
    for parameter in operation.params:
        value = float(parameter.value) * parameter.unit_conversion_factor
        is_angle = int(parameter.code) in (8801, 8802)
        found[_PARAMETERS[int(parameter.code)]] = float(degrees(value) if is_angle else value)
    return found


def _ground(crs: CRS) -> dict[int, int | float]:
    known = crs.to_epsg(min_confidence=100)
    if known is not None:
        return {_GEOGRAPHIC: known}
    ellipsoid = crs.ellipsoid
    assert ellipsoid is not None
    return {
        **{_GEOGRAPHIC: _OWN, _DATUM: _OWN, _ANGLES: _DEGREE, _ELLIPSOID: _OWN},
        _MAJOR: float(ellipsoid.semi_major_metre),
        _FLATTENING: float(ellipsoid.inverse_flattening),
    }


def _neatline(frame: MapFrame) -> str:
    west, south, east, north = frame.ground
    corners = [(west, north), (east, north), (east, south), (west, south), (west, north)]
    return f"POLYGON (({', '.join(f'{x:.3f} {y:.3f}' for x, y in corners)}))"


def _plain(text: str) -> str:
    # Keys are ASCII, and "|" ends one.
    return text.encode("ascii", "replace").decode().replace("|", "/")


def text_tag(number: int, text: str) -> Tag:
    """Return a tag of text in UTF-8, which GDAL, QGIS and libtiff read and write."""
    return number, _ASCII, 0, text.encode(), True
