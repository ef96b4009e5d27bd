"""What a file says of its sheet beside the drawing: title, time, and where the map lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pyproj import CRS

from layers.print.map_frame import MapFrame

_POINTS_PER_MM = 72 / 25.4


class PageInfo(Protocol):
    """What a page of any document says of its file."""

    @property
    def width(self) -> float:
        """Of the page in millimetres."""

    @property
    def height(self) -> float:
        """Of the page in millimetres."""

    @property
    def title(self) -> str:
        """Of the file."""

    @property
    def author(self) -> str:
        """Who issues it."""

    @property
    def producer(self) -> str:
        """The program."""

    @property
    def language(self) -> str:
        """It is written in."""

    @property
    def drawn_at(self) -> datetime:
        """When, aware UTC."""

    def viewport(self, height_pt: float) -> str:
        """Return the entry that says where a map lies."""


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """Told by PDF and SVG in their own ways; ``drawn_at`` is aware UTC."""

    width: float
    height: float
    dpi: int
    title: str
    author: str
    producer: str
    language: str
    drawn_at: datetime
    frame: MapFrame

    def viewport(self, height_pt: float) -> str:
        """Return the entry by which a PDF says where its map lies (ISO 32000-2, 12.10).

        QGIS, GDAL and Acrobat read positions off a sheet with it.
        """
        box = self.frame.box
        left, right = box.x * _POINTS_PER_MM, box.right * _POINTS_PER_MM
        top, bottom = height_pt - box.y * _POINTS_PER_MM, height_pt - box.bottom * _POINTS_PER_MM
        west, south, east, north = self.frame.ground
        corners = [(west, south), (west, north), (east, north), (east, south)]
        lon, lat = self.frame.transformer.transform(
            [x for x, _ in corners], [y for _, y in corners], direction="INVERSE"
        )
        said = " ".join(f"{y:.9f} {x:.9f}" for x, y in zip(lon, lat, strict=True))
        crs = CRS(self.frame.crs)
        authority = crs.to_authority()
        epsg = f"/EPSG {authority[1]}" if authority and authority[0] == "EPSG" else ""
        wkt = crs.to_wkt("WKT1_ESRI").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return (
            f"/VP [<< /Type /Viewport /BBox [{left:.4f} {bottom:.4f} {right:.4f} {top:.4f}] "
            f"/Measure << /Type /Measure /Subtype /GEO /Bounds [0 0 0 1 1 1 1 0] "
            f"/LPTS [0 0 0 1 1 1 1 0] /GPTS [{said}] "
            f"/GCS << /Type /PROJCS {epsg} /WKT ({wkt}) >> >> >>]"
        )
