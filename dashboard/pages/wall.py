"""`/wall`: the command-hall screen, which nobody touches for weeks."""

from __future__ import annotations

from typing import Any

from dash import Dash, html

from dashboard import shell
from dashboard.context import Context, Look
from dashboard.panels import alarm_board, map_key, notices, wall_boards


def layout(look: Look) -> Any:
    """Return the page: the map beneath, the boards on its margins, no control."""
    return html.Div(
        [
            *shell.ground("wall"),
            *wall_boards.layout(look),
            map_key.legend_layout(),
            notices.layout(look),
        ],
        className="page wall",
    )


def register(app: Dash, context: Context) -> None:
    """Wire the page and its panels."""
    sheets = [
        *wall_boards.SHEETS,
        map_key.LEGEND_SHEET,
        *notices.SHEETS,
        *alarm_board.WALL_SHEETS,
    ]
    shell.register(app, context, sheets)
