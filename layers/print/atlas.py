"""An atlas 图集: one file with an index first and then a page for every region of a level.

Page after page is read, drawn, written and forgotten: an atlas of a hundred pages needs the
memory of its largest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from geo_data import queries
from geo_data.faults import Fault, InputError, nearest
from geo_data.records import Region, Scope
from geo_data.store import Store
from layers.print import furniture
from layers.print.atlas_index import Index
from layers.print.contents import (
    check_subject,
    counted_contents,
    layers_drawn,
    region_of,
    zoom_of,
)
from layers.print.index_tables import table_layouts
from layers.print.layout import Layout, first_frame
from layers.print.map_frame import fitted
from layers.print.pdf import PdfFile, PdfPage
from layers.print.request import Leaf, SheetRequest
from layers.print.sheet import Plan, Sheet, bounds_of, drawn, info_of, planned, situation_map
from layers.style import WORDS

NEXT = "next"
"""Instead of a level: the one below the region."""
MOST_PAGES = 500
"""More than that is no atlas anybody turns the pages of, and takes the exports of an hour."""
_GROUND = frozenset({"region", "mask", "text"})
"""Ways of drawing that an index has; water beside them."""

Told = Callable[[int, int], None]
"""Told which page of how many is being drawn; what it raises ends the atlas."""


@dataclass(frozen=True, slots=True)
class AtlasRequest:
    """An atlas as somebody wants it.

    Parameters
    ----------
    sheet : SheetRequest
        The region it is of, and what every page is like.
    level : str
        Level of the regions that have pages; :data:`NEXT` is the one below the region.
    is_same_scale : bool
        Whether all pages are of the one round scale at which the largest region fits.
    """

    sheet: SheetRequest
    level: str = NEXT
    is_same_scale: bool = False


def regions_of(store: Store, scope: Scope, code: str, level: str) -> tuple[Region, ...]:
    """Return the regions that have pages, in the order of their codes.

    Raises
    ------
    InputError
        No such region or level for this viewer, nothing of the level in the region, or more than
        :data:`MOST_PAGES`.
    """
    region = region_of(store, scope, code)
    wanted = _level(store, region, level)
    tree = queries.region_tree(store, scope)
    inside = frozenset(tree.subtree(code))
    codes = [one for one in tree.codes_at(wanted) if one in inside and one != code]
    if not codes:
        values: dict[str, object] = {"region": region.name, "level": wanted}
        raise InputError(Fault("atlas-empty", field="atlas", values=values))
    if len(codes) > MOST_PAGES:
        values = {"n": len(codes), "most": MOST_PAGES, "level": wanted}
        raise InputError(Fault("atlas-too-many", field="atlas", values=values))
    return tuple(one for one in map(tree.get, codes) if one is not None)


def _level(store: Store, region: Region, level: str) -> str:
    keys = store.city.level_keys
    below = keys[keys.index(region.level) + 1 :] if region.level in keys else keys[-1:]
    if not below:
        values: dict[str, object] = {"region": region.name, "level": region.level}
        raise InputError(Fault("atlas-finest", field="atlas", values=values))
    if level == NEXT:
        return below[0]
    if level not in below:
        values = {"level": level, "nearest": nearest(level, below), "known": ", ".join(below)}
        raise InputError(Fault("atlas-level", field="atlas", values=values))
    return level


@dataclass(frozen=True, slots=True)
class Atlas:
    """An atlas whose pages are known, and its first page planned.

    Parameters
    ----------
    request : AtlasRequest
        What was asked for.
    regions : tuple of Region
        Those that have pages.
    index : Index
        With the page of each.
    first : Plan
        The first page.
    tables : tuple of Layout
        Pages of the index after the first, where that has no room for it.
    """

    store: Store
    scope: Scope
    request: AtlasRequest
    regions: tuple[Region, ...]
    index: Index
    first: Plan
    tables: tuple[Layout, ...]

    @classmethod
    def of(cls, store: Store, scope: Scope, request: AtlasRequest) -> Atlas:
        """Plan an atlas; errors as :func:`regions_of` and :func:`~layers.print.situation_map`."""
        sheet = request.sheet
        check_subject(store, sheet)
        regions = regions_of(store, scope, sheet.region_code, request.level)
        index = Index.of(store, scope, sheet, regions)
        first = planned(store, scope, _index_request(store, scope, sheet, index), index)
        tables: tuple[Layout, ...] = ()
        if "index" not in first.layout.keys:
            # No room beside the map: the map says where the tables are.
            tables = tuple(table_layouts(first.template, first.contents, index))
            index = replace(index.shifted(len(tables)), tables=(2, 1 + len(tables)))
            tables = tuple(table_layouts(first.template, first.contents, index.whole()))
            first = planned(store, scope, first.request, index)
        count = 1 + len(tables) + len(regions)
        leaf = Leaf(1, count, is_index=True)
        return cls(store, scope, request, regions, index, first.on(leaf), tables)

    @property
    def count(self) -> int:
        """How many pages it has."""
        return 1 + len(self.tables) + len(self.regions)

    def page_request(self, place: int) -> SheetRequest:
        """Return what is asked for on the page of the ``place``-th region."""
        entry = self.index.entries[place]
        return replace(
            self.request.sheet, region_code=entry.code, leaf=Leaf(entry.page, self.count)
        )

    def check(self) -> None:
        """See whether there is room on a page, and whether the scale fits every region.

        Raises
        ------
        InputError
            There is not, or it does not.
        """
        request = self.page_request(0)
        plan = planned(self.store, self.scope, request, self.index, counted_contents)
        for region in self.regions:
            bounds = bounds_of(self.store, self.scope, region)
            fitted(plan.frame.box, plan.frame.crs, bounds, request.scale)

    def of_one_scale(self, tell: Told = lambda _page, _pages: None) -> Atlas:
        """Return it with all pages of the largest round scale at which every region fits.

        The first page is told of for each region: who waits sees that it goes on.
        """
        scale = 0
        for place in range(len(self.regions)):
            tell(1, self.count)
            request = replace(self.page_request(place), scale="round")
            plan = planned(self.store, self.scope, request, self.index, counted_contents)
            scale = max(scale, round(plan.frame.denominator))
        sheet = replace(self.request.sheet, scale=scale)
        return replace(self, request=replace(self.request, sheet=sheet, is_same_scale=False))

    def write(self, out: BinaryIO, tell: Told) -> None:
        """Write it page by page; see :func:`write_atlas`."""
        file = PdfFile(out, self.count)
        tell(1, self.count)
        first = drawn(self.first)
        language = self.request.sheet.language
        file.page(_page(first, WORDS("print-index", language), WORDS("print-index", language)))
        for place, table in enumerate(self.tables):
            file.page(self._table(table, 2 + place))
        for place, region in enumerate(self.regions):
            request = self.page_request(place)
            tell(self.index.entries[place].page, self.count)
            sheet = situation_map(self.store, self.scope, request, self.index)
            file.page(_page(sheet, region.name))
        file.close(first.info)

    def _table(self, table: Layout, number: int) -> PdfPage:
        template = self.first.template
        plan = self.first.on(Leaf(number, self.count, is_index=True))
        plates = (
            furniture.paper(template),
            furniture.watermark(plan.contents, template),
            furniture.margin_plate(plan.contents, table, template),
        )
        info = info_of(plan)
        label = f"{WORDS('print-index', plan.request.language)} {number}"
        return PdfPage(plates, info, table.links, label=label, has_map=False)


def _silent(_page: int, _pages: int) -> None:
    """Tell nobody."""


def index_sheet(store: Store, scope: Scope, request: AtlasRequest) -> Sheet:
    """Return the first page of an atlas."""
    return drawn(Atlas.of(store, scope, request).first)


def write_atlas(
    store: Store,
    scope: Scope,
    request: AtlasRequest,
    out: BinaryIO,
    tell: Told = _silent,
) -> int:
    """Write an atlas as PDF and return how many pages it has.

    Parameters
    ----------
    store, scope
        Where, and who asks: an atlas shows no more than the screen would.
    request : AtlasRequest
        What is wanted.
    out : binary file
        Written from its start to its end.
    tell : callable
        Told each page before it is drawn.

    Raises
    ------
    InputError
        What cannot be: see :func:`regions_of` and :func:`~layers.print.situation_map`.
    """
    atlas = Atlas.of(store, scope, request)
    if request.is_same_scale:
        atlas = atlas.of_one_scale(tell)
    atlas.write(out, tell)
    return atlas.count


def _page(sheet: Sheet, name: str, label: str = "") -> PdfPage:
    return PdfPage(sheet.plates, sheet.info, sheet.links, name, label)


def _index_request(store: Store, scope: Scope, sheet: SheetRequest, index: Index) -> SheetRequest:
    """Return what the first page shows: the ground and the pages on it, no objects."""
    region = region_of(store, scope, sheet.region_code)
    bounds = bounds_of(store, scope, region)
    box = first_frame(sheet.sheet_template)
    frame = fitted(box, store.city.metric_crs, bounds, "round")
    drawn_there = layers_drawn(store, scope, sheet, zoom_of(frame.denominator, region.lat))
    keys = {one.key for one in drawn_there if one.geometry in _GROUND or one.kind == "water"}
    keys |= {f"region-{index.level}", "mask", "labels"}
    # A scale that was asked for is that of the pages.
    scale = sheet.scale if isinstance(sheet.scale, str) else "round"
    leaf = Leaf(1, 1, is_index=True)
    return replace(sheet, layers=tuple(sorted(keys)), scale=scale, leaf=leaf)
