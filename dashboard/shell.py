"""What every page stands on: the URL, the two live cursors and the map.

These are the only ids that panels share; each panel owns all others itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from dash import Dash, Input, Output, dcc, html


class Ids(StrEnum):
    """Ids that panels listen to and none of them owns."""

    URL = "url"
    CASES = "cursor-cases"
    READINGS = "cursor-readings"
    MAP = "map"
    MAP_SHOWN = "map-shown"


URL = Input(Ids.URL, "search")
CASES = Input(Ids.CASES, "data")
"""Moves when incidents changed, and every half minute because clocks run."""
READINGS = Input(Ids.READINGS, "data")
"""Moves when sensors reported."""


def ground(page: str) -> list[Any]:
    """Return what lies under the panels of ``page`` (``"desk"`` or ``"wall"``)."""
    return [
        dcc.Location(id=Ids.URL, refresh=False),
        dcc.Store(id=Ids.CASES),
        dcc.Store(id=Ids.READINGS),
        dcc.Store(id=Ids.MAP_SHOWN),
        html.Div(id=Ids.MAP, className="map", **{"data-page": page}),
    ]


def register(app: Dash) -> None:
    """Let the map follow the URL; nothing of the map passes through Dash but the query."""
    app.clientside_callback(
        "(search) => window.yiping.page.follow(search)",
        Output(Ids.MAP_SHOWN, "data"),
        Input(Ids.URL, "search"),
    )
