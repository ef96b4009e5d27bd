"""A situation map 态势图: laid out once, then written as whatever is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from functools import cached_property

from geo_data.records import Region, Scope
from geo_data.store import Store
from indicators.engine import IndicatorValue
from layers.legend import LegendGroup
from layers.print import figure_blocks, furniture, imprint, layout, legend_blocks
from layers.print.atlas_index import Index
from layers.print.contents import Contents, check_subject, outline_of, read_contents, region_of
from layers.print.drawing import Box, Link, Plate
from layers.print.foot import too_small
from layers.print.generalising import Grain
from layers.print.layout import Layout
from layers.print.map_frame import Affine, MapFrame, extent_of, fitted
from layers.print.names import Placed, name_plate
from layers.print.page_marks import back_links, neighbours, page_numbers
from layers.print.pdf import pdf_bytes
from layers.print.plates import Drawing, map_plates
from layers.print.png import png_bytes
from layers.print.request import Format, Leaf, SheetRequest
from layers.print.sheet_info import SheetInfo
from layers.print.signs import TYPE_MM
from layers.print.svg import svg_bytes
from layers.print.templates import Template
from layers.style import WORDS

Read = Callable[[Store, Scope, SheetRequest, float, Contents | None], Contents]
"""As :func:`~layers.print.contents.read_contents`."""
_TRIES = 4


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
    marks : tuple of Link
        What on the map and at its frame leads to other pages of an atlas.
    """

    request: SheetRequest
    template: Template
    contents: Contents
    frame: MapFrame
    layout: Layout
    plates: tuple[Plate, ...]
    names: tuple[Placed, ...]
    marks: tuple[Link, ...] = ()

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
    def links(self) -> tuple[Link, ...]:
        """Return all that leads to other pages: of map, margin and heading."""
        return (*self.marks, *self.layout.links)

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
        return info_of(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """A sheet whose parts have their places, but for those on the map; as :class:`Sheet`.

    ``index`` is that of the atlas it is a page of.
    """

    request: SheetRequest
    template: Template
    contents: Contents
    frame: MapFrame
    layout: Layout
    index: Index | None

    def on(self, leaf: Leaf) -> Plan:
        """Return it as a page of an atlas."""
        request = replace(self.request, leaf=leaf)
        return replace(self, request=request, contents=replace(self.contents, request=request))


def info_of(sheet: Sheet | Plan) -> SheetInfo:
    """Return what files say of a sheet."""
    request, contents = sheet.request, sheet.contents
    return SheetInfo(
        width=sheet.template.width,
        height=sheet.template.height,
        dpi=sheet.template.dpi,
        title=f"{furniture.title(contents)} {furniture.moment(contents)}",
        author=request.unit or contents.store.city.name(request.language),
        producer=WORDS("print-producer", request.language),
        language=request.language,
        drawn_at=request.drawn_at.astimezone(UTC),
        frame=sheet.frame,
    )


def situation_map(
    store: Store, scope: Scope, request: SheetRequest, index: Index | None = None
) -> Sheet:
    """Lay out a situation map; nothing is written yet.

    Parameters
    ----------
    store, scope
        Where, and who asks: a sheet shows no more than the screen would.
    request : SheetRequest
        What is wanted.
    index : Index, optional
        That of the atlas it is a page of.

    Raises
    ------
    InputError
        A region, layer, template or indicator that there is not or not for this viewer, a scale at
        which the region does not fit, a page too small for what must stand on it, no font.
    """
    return drawn(planned(store, scope, request, index))


def planned(
    store: Store,
    scope: Scope,
    request: SheetRequest,
    index: Index | None = None,
    read: Read = read_contents,
) -> Plan:
    """Give everything of a sheet its place; arguments and errors as :func:`situation_map`.

    ``read`` reads what it shows: who only wants to know whether there is room reads less.
    """
    template = request.sheet_template
    region = region_of(store, scope, request.region_code)
    check_subject(store, request)
    bounds = bounds_of(store, scope, region)
    crs = store.city.metric_crs
    frame = _guessed(layout.first_frame(template, bounds), crs, bounds, request.scale)
    contents = read(store, scope, request, frame.denominator, None)
    figures = figure_blocks.Figures.of(contents)
    if request.leaf is not None and request.leaf.is_index:
        figures = replace(figures, index=index)
    # What is drawn depends on the scale, the margin on what is drawn, and the scale on the margin.
    best: Plan | None = None
    for _ in range(_TRIES):
        divided = layout.divided(template, contents, frame, figures)
        found = fitted(divided.inner, crs, bounds, request.scale)
        if found.denominator <= frame.denominator:
            kept = replace(found, denominator=frame.denominator)
            best = Plan(request, template, contents, kept, divided, index)
        if found.denominator == frame.denominator:
            break
        frame = found
        contents = read(store, scope, request, frame.denominator, contents)
    if best is None:
        raise too_small(template)
    return best


def _guessed(
    box: Box, crs: str, bounds: tuple[float, float, float, float], scale: int | str
) -> MapFrame:
    """Return about the frame; whether a scale that is asked for fits is seen in the true one."""
    if isinstance(scale, str):
        return fitted(box, crs, bounds, scale)
    west, south, east, north = bounds
    return MapFrame(box, crs, float(scale), (west + east) / 2, (south + north) / 2)


def bounds_of(store: Store, scope: Scope, region: Region) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a region in metres of the city's CRS."""
    return extent_of(outline_of(store, scope, region), store.city.metric_crs)


def drawn(plan: Plan) -> Sheet:
    """Draw a sheet that is planned."""
    template, contents, frame = plan.template, plan.contents, plan.frame
    drawing = Drawing(contents, frame, Grain.of(template.dpi), template.type / TYPE_MM)
    arrow = furniture.arrow_box(drawing, template.type)
    framed = furniture.frame_plate(drawing, plan.layout.outer, arrow, template.type)
    marks, links, taken = _marks(plan, drawing, framed)
    names, placed = name_plate(drawing, [arrow, *taken])
    margin = furniture.margin_plate(contents, plan.layout, template)
    links = (*links, *back_links(contents, margin))
    plates = [
        furniture.paper(template),
        *map_plates(drawing),
        names,
        framed,
        marks,
        furniture.watermark(contents, template),
        margin,
    ]
    kept = tuple(plate for plate in plates if plate.items)
    return Sheet(plan.request, template, contents, frame, plan.layout, kept, tuple(placed), links)


def _marks(
    plan: Plan, drawing: Drawing, framed: Plate
) -> tuple[Plate, tuple[Link, ...], list[Box]]:
    """Return what on a page of an atlas leads to others, where to, and what room that takes."""
    index, leaf = plan.index, plan.request.leaf
    if index is None or leaf is None:
        return Plate("pages", "", ()), (), []
    if leaf.is_index:
        arrow = furniture.arrow_box(drawing, plan.template.type)
        return page_numbers(drawing, index, [arrow])
    degrees = furniture.texts_of(framed.items)
    plate, links = neighbours(drawing, plan.layout.outer, degrees, index)
    return plate, links, []


def render(sheet: Sheet, format: Format | str) -> bytes:
    """Return a sheet as a file; the same sheet is always the same bytes.

    Parameters
    ----------
    sheet : Sheet
        From :func:`situation_map`.
    format : Format or str
        One of :data:`~layers.print.request.KINDS`.
    """
    wanted, info = Format(format), sheet.info
    if wanted is Format.SVG:
        return svg_bytes(sheet.plates, info)
    if wanted is Format.PPTX:
        # Who prints does not wait for what only a presentation loads.
        from layers.print.slides import pptx_bytes

        return pptx_bytes(sheet)
    pdf = pdf_bytes(sheet.plates, info)
    if wanted is Format.PNG:
        return png_bytes(pdf, info.dpi)
    if wanted is Format.PDF:
        return pdf
    return _georeferenced(sheet, pdf, wanted)


def _georeferenced(sheet: Sheet, pdf: bytes, wanted: Format) -> bytes:
    from layers.print.facts import cover
    from layers.print.geopng import geopng_bytes
    from layers.print.geotiff import geotiff_bytes

    write = geotiff_bytes if wanted is Format.GEOTIFF else geopng_bytes
    return write(pdf, sheet.info, cover(sheet.contents, sheet.frame))
