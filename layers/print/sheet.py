"""A situation map 态势图: laid out once, then written as whatever is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Any

import shapely

from geo_data.records import Scope
from geo_data.store import Store
from indicators import catalog
from indicators.engine import IndicatorValue
from layers.legend import LegendGroup
from layers.print import figure_blocks, furniture, imprint, layout, legend_blocks
from layers.print.contents import Contents, outline_of, read_contents, region_of
from layers.print.drawing import Box, Plate
from layers.print.generalising import Grain
from layers.print.layout import Layout
from layers.print.map_frame import Affine, MapFrame, fitted, to_metres
from layers.print.names import Placed, name_plate
from layers.print.pdf import pdf_bytes
from layers.print.plates import Drawing, map_plates
from layers.print.png import png_bytes
from layers.print.request import Format, SheetRequest
from layers.print.sheet_info import SheetInfo
from layers.print.signs import TYPE_MM
from layers.print.svg import svg_bytes
from layers.print.templates import Template
from layers.style import WORDS


@dataclass(frozen=True)
class Sheet:
    """A situation map whose places on the page are all known.

    Parameters
    ----------
    request : SheetRequest
        What was asked for.
    template : Template
        The page.
    contents : Contents
        What it shows: the same that the screen shows of the region.
    frame : MapFrame
        Where the map lies on the page, and on the ground.
    layout : Layout
        Where everything else lies.
    plates : tuple of Plate
        What is drawn, from the ground up.
    names : tuple of Placed
        The names on the map.
    """

    request: SheetRequest
    template: Template
    contents: Contents
    frame: MapFrame
    layout: Layout
    plates: tuple[Plate, ...]
    names: tuple[Placed, ...]

    @property
    def title(self) -> str:
        """Place, subject and time in a line."""
        return f"{furniture.title(self.contents)} {furniture.moment(self.contents)}"

    @property
    def scale(self) -> float:
        """The denominator of its scale."""
        return self.frame.denominator

    @property
    def affine(self) -> Affine:
        """Page millimetres to metres of ``frame.crs``."""
        return self.frame.affine

    @property
    def boxes(self) -> Mapping[str, Box]:
        """Everything that has a place of its own on the page; none of them meet."""
        found = {"heading": self.layout.heading, "map": self.layout.outer}
        return found | {one.block.key: one.box for one in self.layout.blocks}

    @cached_property
    def legend(self) -> list[LegendGroup]:
        """The legend's groups of shades and signs with their counts."""
        return legend_blocks.legend_groups(self.contents)

    @cached_property
    def counts(self) -> list[legend_blocks.Count]:
        """How much of the other layers is drawn."""
        return legend_blocks.layer_counts(self.contents)

    @cached_property
    def table(self) -> list[IndicatorValue]:
        """The vital signs of the region, all of those that have a value."""
        return figure_blocks.vital_signs(self.contents)

    @property
    def rules(self) -> list[str]:
        """How things are counted 口径, and where the ground comes from."""
        return imprint.rules(self.contents)

    def features(self) -> dict[str, tuple[int | str, ...]]:
        """Return what is drawn of each layer by its ids."""
        return self.contents.features()

    def texts(self) -> list[str]:
        """Return every line of writing on the sheet, as it was typed."""
        return [text.text for plate in self.plates for text in furniture.texts_of(plate.items)]

    @property
    def info(self) -> SheetInfo:
        """What its files say of it."""
        request = self.request
        return SheetInfo(
            width=self.template.width,
            height=self.template.height,
            dpi=self.template.dpi,
            title=self.title,
            author=request.unit or self.contents.store.city.name(request.language),
            producer=WORDS("print-producer", request.language),
            language=request.language,
            drawn_at=request.drawn_at.astimezone(UTC),
            frame=self.frame,
        )


def situation_map(store: Store, scope: Scope, request: SheetRequest) -> Sheet:
    """Lay out a situation map; nothing is written yet.

    Parameters
    ----------
    store, scope
        Where, and who asks: a sheet shows no more than the screen would.
    request : SheetRequest
        What is wanted.

    Raises
    ------
    InputError
        A region, layer, template or indicator that there is not or not for this viewer, a scale at
        which the region does not fit, a page too small for what must stand on it, no font.
    """
    template = request.sheet_template
    region = region_of(store, scope, request.region_code)
    if request.indicator not in catalog.indicators():
        # Told before anything is read.
        read_contents(store, scope, request, 1e5)
    bounds = _bounds(store, scope, region)
    crs = store.city.metric_crs
    guess = fitted(layout.first_frame(template), crs, bounds, request.scale)
    contents = read_contents(store, scope, request, guess.denominator)
    figures = figure_blocks.Figures.of(contents)
    divided = layout.divided(template, contents, guess, figures)
    frame = fitted(divided.inner, crs, bounds, request.scale)
    if frame.denominator != guess.denominator:
        contents = read_contents(store, scope, request, frame.denominator)
        divided = layout.divided(template, contents, frame, figures)
        frame = MapFrame(divided.inner, crs, frame.denominator, frame.east, frame.north)
    return _drawn(request, template, contents, divided, frame)


def _bounds(store: Store, scope: Scope, region: Any) -> tuple[float, float, float, float]:
    outline = outline_of(store, scope, region)
    to_page = to_metres(store.city.metric_crs)
    metres = shapely.transform(outline, lambda x, y: to_page.transform(x, y), interleaved=False)
    west, south, east, north = metres.bounds
    return west, south, east, north


def _drawn(
    request: SheetRequest,
    template: Template,
    contents: Contents,
    divided: Layout,
    frame: MapFrame,
) -> Sheet:
    drawing = Drawing(contents, frame, Grain.of(template.dpi), template.type / TYPE_MM)
    arrow = furniture.arrow_box(drawing, template.type)
    names, placed = name_plate(drawing, [arrow])
    plates = [
        furniture.paper(template),
        *map_plates(drawing),
        names,
        furniture.frame_plate(drawing, divided.outer, arrow, template.type),
        furniture.watermark(contents, template),
        furniture.margin_plate(contents, divided, template),
    ]
    kept = tuple(plate for plate in plates if plate.items)
    return Sheet(request, template, contents, frame, divided, kept, tuple(placed))


def render(sheet: Sheet, format: Format | str) -> bytes:
    """Return a sheet as a file; the same sheet is always the same bytes.

    Parameters
    ----------
    sheet : Sheet
        From :func:`situation_map`.
    format : Format or str
        ``pdf``, ``svg`` or ``png``.
    """
    wanted = Format(format)
    if wanted is Format.SVG:
        return svg_bytes(sheet.plates, sheet.info)
    pdf = pdf_bytes(sheet.plates, sheet.info)
    return pdf if wanted is Format.PDF else png_bytes(pdf, sheet.template.dpi)
