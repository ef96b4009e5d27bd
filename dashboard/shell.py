"""What every page stands on: the URL, the cursor of live changes, the map, and sheets of text.

These are the only ids that panels share; each panel owns all others itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.context import Context, Look
from dashboard.widgets.markup import text_of


class Ids(StrEnum):
    """Ids that panels listen to and none of them owns."""

    URL = "url"
    CURSOR = "cursor"
    MAP = "map"
    MAP_SHOWN = "map-shown"
    SHEETS = "sheets"
    SHEETS_LAID = "sheets-laid"


URL = Input(Ids.URL, "search")
CURSOR = Input(Ids.CURSOR, "data")
"""How far the page has heard: ``{"seq": …, "moved": ["cases", "readings", "alarms"]}``."""

CASES = frozenset({"cases"})
"""Moves when incidents changed, and every quarter minute because clocks run."""
LIVE = frozenset({"cases", "readings", "alarms"})
"""Moves when incidents or alarms changed or sensors reported."""
ALARMS = frozenset({"cases", "alarms"})
"""Moves when alarms changed, and every quarter minute because they grow old."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A part of a page that is written as one text.

    Parameters
    ----------
    key : str
        Id of the element the text is laid into.
    draw : callable
        Look -> markup.
    moves : frozenset of str
        What it is written anew for besides another query: ``CASES``, ``ALARMS``, ``LIVE`` or
        nothing.
    """

    key: str
    draw: Callable[[Look], Any]
    moves: frozenset[str] = frozenset()


WHOLE = "?"
"""Under this key a whole page says which query it was written for."""


def dashed(**named: Any) -> dict[str, Any]:
    """Return attributes whose names have dashes: ``data_page="desk"`` as ``data-page``."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def ground(page: str) -> list[Component]:
    """Return what lies under the panels of ``page`` (``"desk"`` or ``"wall"``)."""
    stores = (Ids.CURSOR, Ids.MAP_SHOWN, Ids.SHEETS, Ids.SHEETS_LAID)
    return [
        dcc.Location(id=Ids.URL, refresh=False),
        *(dcc.Store(id=key) for key in stores),
        html.Div(id=Ids.MAP, className="map", **dashed(data_page=page)),
        # Placed by the style sheet between the panels: the map fits what it shows into it.
        html.Div(className="map-room"),
    ]


def place(key: str, className: str, **attributes: Any) -> Component:  # noqa: N803 - as Dash
    """Return the element that the text of the sheet ``key`` is laid into."""
    return html.Div(id=key, className=className, **attributes)


def register(app: Dash, context: Context, sheets: Sequence[Sheet]) -> None:
    """Write all sheets of a page in one answer; the map follows the query by itself.

    One answer, because each callback costs a browser about 25 ms, *measured*, and because
    every number on the page is then of the same moment.
    """

    @app.callback(Output(Ids.SHEETS, "data"), URL, CURSOR)
    def write_sheets(query: str, cursor: dict[str, Any] | None) -> dict[str, str]:
        look = context.look(query)
        moved = _moved(query, cursor) if ctx.triggered_id == Ids.CURSOR else None
        if moved is None:
            return {WHOLE: query or "", **_written(look, sheets)}
        return _written(look, [sheet for sheet in sheets if moved & sheet.moves])

    app.clientside_callback(  # type: ignore[no-untyped-call]
        "(sheets) => window.yiping.page.lay(sheets)",
        Output(Ids.SHEETS_LAID, "data"),
        Input(Ids.SHEETS, "data"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        "(search) => window.yiping.page.follow(search)",
        Output(Ids.MAP_SHOWN, "data"),
        Input(Ids.URL, "search"),
    )


def _written(look: Look, sheets: Sequence[Sheet]) -> dict[str, str]:
    return {sheet.key: text_of(sheet.draw(look)) for sheet in sheets}


def _moved(query: str, cursor: dict[str, Any] | None) -> frozenset[str] | None:
    """Return what moved; ``None`` where the page does not yet show ``query`` as a whole.

    Dash drops an answer when the next question has been asked, so the whole page that a drill
    asked for may never have arrived.
    """
    if not cursor or cursor.get("laid") != (query or ""):
        return None
    return frozenset(cursor["moved"])
