"""A sheet as PNG that knows its place: picture, world file and CRS in one zip."""

from __future__ import annotations

from io import BytesIO
from xml.sax.saxutils import escape

from geo_data.extracts import Cover
from geo_data.extracts.archive import archived
from layers.print.georeference import Georeference
from layers.print.geotiff import items
from layers.print.pixels import drawn
from layers.print.png import packed
from layers.print.sheet_info import SheetInfo


def geopng_bytes(pdf: bytes, info: SheetInfo, cover: Cover) -> bytes:
    """Return the first page of a PDF as a zip of PNG, ``.pgw``, ``.prj`` and ``.png.aux.xml``.

    A world file knows no CRS and GDAL reads no ``.prj`` beside a picture, so QGIS would ask for
    it: the ``.aux.xml`` is GDAL's and ArcGIS' own and tells both, and what the sheet is.

    Parameters
    ----------
    pdf, info, cover
        As for :func:`layers.print.geotiff.geotiff_bytes`.
    """
    name = cover.values().get("number") or "map"
    body = BytesIO()
    with drawn(pdf, info.dpi) as pixels:
        place = Georeference.of(info, pixels.shape[1], pixels.shape[0])
        picture = packed(pixels, info.dpi)
    with archived(body, cover) as put:
        put(f"{name}.png", [picture])
        put(f"{name}.pgw", [place.world_file().encode()])
        put(f"{name}.prj", [place.crs.to_wkt("WKT1_ESRI").encode()])
        put(f"{name}.png.aux.xml", [_beside(cover, place).encode()])
    return body.getvalue()


def _beside(cover: Cover, place: Georeference) -> str:
    values = cover.values() | {"NEATLINE": place.neatline}
    wkt = escape(place.crs.to_wkt())
    # Easting first, as the picture has it: an authority may have the axes the other way round.
    order = "2,1" if place.crs.axis_info[0].direction == "north" else "1,2"
    return (
        f'<PAMDataset>\n  <SRS dataAxisToSRSAxisMapping="{order}">{wkt}</SRS>\n'
        f"  <Metadata>\n{items(values, 'MDI', 'key')}  </Metadata>\n</PAMDataset>\n"
    )
