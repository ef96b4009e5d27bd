"""`/`: the desk of a leader or an officer who drills in."""

from __future__ import annotations

from typing import Any

from dash import Dash, html

from dashboard import shell
from dashboard.context import Context, Look
from dashboard.panels import (
    alarm_board,
    live_lists,
    map_key,
    notices,
    object_card,
    ranking,
    source_panel,
    time_bar,
    top_bar,
    vital_signs,
)

PANELS = (
    *(top_bar, vital_signs, ranking, live_lists, source_panel, object_card),
    *(map_key, time_bar, notices),
)


def layout(look: Look) -> Any:
    """Return the page: the map, and the panels on its margins."""
    return html.Div(
        [
            *shell.ground("desk"),
            top_bar.layout(look),
            html.Div(
                [
                    html.Button(
                        className="handle", **shell.dashed(aria_label=look.say("sheet-handle"))
                    ),
                    html.Div(
                        [vital_signs.layout(look), ranking.layout(look)], className="margin left"
                    ),
                    html.Div(
                        [
                            live_lists.layout(look),
                            *source_panel.layout(look),
                            object_card.layout(look),
                        ],
                        className="margin right",
                    ),
                ],
                className="margins",
            ),
            map_key.layout(look),
            time_bar.layout(look),
            notices.layout(look),
        ],
        className="page desk",
    )


def register(app: Dash, context: Context) -> None:
    """Wire the page and its panels."""
    sheets = [sheet for panel in PANELS for sheet in panel.SHEETS]
    shell.register(app, context, [*sheets, *alarm_board.DESK_SHEETS])
    top_bar.register(app, context)
    object_card.register(app, context)
