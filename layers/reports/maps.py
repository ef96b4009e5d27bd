"""The maps of a report: situation maps of the print engine, as wide as the print area."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from geo_data.faults import InputError
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.words import Label
from indicators.reports import Report
from indicators.reports.content import MapPlace
from layers import catalog
from layers.print import Sheet, SheetRequest, Template, situation_map
from layers.reports.document import Head
from layers.reports.layout import WIDE_MM

HIGH_MM, ATLAS_HIGH_MM = 128.0, 200.0
"""Of the only figure of a report, and of one that has a page of its own."""
DPI, ATLAS_DPI = 300, 200
"""Of pictures in a DOCX: an atlas of twenty towns must go through the mail."""


def _page(high_mm: float, dpi: int) -> Template:
    return Template(
        name=Label(zh="报告插图", en="Map of a report"),
        page=(WIDE_MM, high_mm),
        margin=3.0,
        type=1.75,
        side="right" if high_mm < WIDE_MM else "below",
        dpi=dpi,
    )


PAGE, ATLAS_PAGE = _page(HIGH_MM, DPI), _page(ATLAS_HIGH_MM, ATLAS_DPI)


_GROUND = frozenset({"region", "mask", "text"})


def _ground(store: Store, scope: Scope) -> tuple[str, ...]:
    """Return the layers of the ground: a month of cases would hide what the shading says."""
    held = store.layers()
    return tuple(
        one.key
        for one in catalog.declared(store)
        if one.geometry in _GROUND
        or (one.kind == "water" and scope.sees_kind("water") and "places/water" in held)
    )


def sheets_of(
    store: Store, scope: Scope, report: Report, head: Head, made_at: datetime
) -> dict[MapPlace, Sheet]:
    """Return the sheets of a report's maps; one that cannot be made is left out."""
    return dict(_sheets(store, scope, report, head, made_at))


def _sheets(
    store: Store, scope: Scope, report: Report, head: Head, made_at: datetime
) -> Iterator[tuple[MapPlace, Sheet]]:
    places = list(report.maps())
    # Two do not go on a page: each may as well fill its own.
    page = PAGE if len(places) == 1 else ATLAS_PAGE
    for place in places:
        request = SheetRequest(
            region_code=place.region,
            at=report.known_at,
            drawn_at=max(made_at, report.known_at),
            template=page,
            layers=_ground(store, scope),
            indicator=place.indicator,
            window=report.term.window,
            secrecy=head.secrecy or None,
            unit=head.unit or None,
            number=head.number,
        )
        try:
            yield place, situation_map(store, scope, request)
        except InputError:
            # A region too long or too small for a figure: the tables say the same.
            continue
