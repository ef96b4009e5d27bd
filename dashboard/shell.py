"""What every page stands on: the URL, the two live cursors, the map, and sheets of text.

These are the only ids that panels share; each panel owns all others itself.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.context import Context, Look
from dashboard.widgets.markup import text_of


class Ids(StrEnum):
    """Ids that panels listen to and none of them owns."""

    URL = "url"
    CASES = "cursor-cases"
    READINGS = "cursor-readings"
    MAP = "map"
    MAP_SHOWN = "map-shown"


URL = Input(Ids.URL, "search")
CASES = Input(Ids.CASES, "data")
"""Moves when incidents changed, and every quarter minute because clocks run."""
READINGS = Input(Ids.READINGS, "data")
"""Moves when sensors reported."""


def dashed(**named: Any) -> dict[str, Any]:
    """Return attributes whose names have dashes: ``data_page="desk"`` as ``data-page``."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def ground(page: str) -> list[Component]:
    """Return what lies under the panels of ``page`` (``"desk"`` or ``"wall"``)."""
    return [
        dcc.Location(id=Ids.URL, refresh=False),
        dcc.Store(id=Ids.CASES),
        dcc.Store(id=Ids.READINGS),
        dcc.Store(id=Ids.MAP_SHOWN),
        html.Div(id=Ids.MAP, className="map", **dashed(data_page=page)),
        # Placed by the style sheet between the panels: the map fits what it shows into it.
        html.Div(className="map-room"),
    ]


def sheet(key: str, className: str, **attributes: Any) -> Component:  # noqa: N803 - as Dash
    """Return an empty sheet: text written on the server, laid into the page as one piece.

    Parameters
    ----------
    key : str
        Id of the sheet; :func:`write` names it again.
    className : str
        Class of the element the text is laid into.
    **attributes
        Of that element.
    """
    return html.Div(
        [html.Div(id=key, className=className, **attributes), dcc.Store(id=text_id(key))],
        className="sheet",
    )


def write(
    app: Dash, context: Context, key: str, draw: Callable[[Look], Any], *moves: Input
) -> None:
    """Write the sheet ``key`` with ``draw`` whenever the query or one of ``moves`` changes."""

    @app.callback(Output(text_id(key), "data"), URL, *moves)
    def write_sheet(query: str, *_moved: object) -> str:
        return text_of(draw(context.look(query)))

    lay(app, key)


def lay(app: Dash, key: str) -> None:
    """Lay the text of the sheet ``key`` into the page whenever it was written anew."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        f"(text) => window.yiping.page.lay({str(key)!r}, text)",
        Output(key, "data-laid"),
        Input(text_id(key), "data"),
    )


def text_id(key: str) -> str:
    """Id of the store that holds the text of a sheet."""
    return f"{key}-text"


def register(app: Dash) -> None:
    """Let the map follow the URL; nothing of the map passes through Dash but the query."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        "(search) => window.yiping.page.follow(search)",
        Output(Ids.MAP_SHOWN, "data"),
        Input(Ids.URL, "search"),
    )
