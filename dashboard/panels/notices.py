"""Over the map: alarms nobody has seen, a wrong link, a lost server, made-up data."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import html as dash_html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.context import Look
from dashboard.panels import alarm_board
from dashboard.widgets.markup import html
from geo_data import rollups


class Ids(StrEnum):
    """Ids of this panel."""

    LIST = "notices"
    PAST = "looking-back"
    DEMO = "city-notice"


def layout(look: Look) -> Component:
    """Return their places; the one about the connection is shown by the browser itself."""
    lost = dash_html.Div(
        [
            dash_html.Span(className="mark age age-lost"),
            dash_html.Span(look.say("server-lost")),
        ],
        className="notice lost",
        role="alert",
    )
    return dash_html.Div(
        [
            alarm_board.layout(look),
            lost,
            shell.place(Ids.PAST, "said", role="status"),
            shell.place(Ids.LIST, "said", role="status"),
            # Known before it is filled: the map keeps clear of it from its first frame.
            shell.place(Ids.DEMO, "city-notice says" if of_the_city(look) else "city-notice"),
        ],
        className="notices",
    )


def said(look: Look) -> list[Any]:
    """Return what had to be changed to draw what the URL asks for."""
    return [html.Div(text, className="notice") for text in look.notices]


def past(look: Look) -> list[Any]:
    """Say which moment is looked back to, and lead back to the present."""
    if look.view.at is None:
        return []
    local = look.local(look.view.at)
    is_told = rollups.can_tell(look.store, look.view.at)
    back = look.href(replace(look.view, at=None))
    return [
        html.Div(
            [
                html.Span(className="mark age age-past"),
                html.Span(look.say("looking-back")),
                html.B(f"{local:%Y-%m-%d %H:%M:%S}".removesuffix(":00"), className="digits"),
                html.Small(look.say("known-then" if is_told else "known-then-in-part")),
                html.A(look.say("back-to-now"), href=back, className="back"),
            ],
            className="notice past",
        )
    ]


def of_the_city(look: Look) -> str:
    """Return the sentence that a city wants on every map, if it has one."""
    return look.city.notice(look.language) if look.city.notice else ""


SHEETS = (
    shell.Sheet(Ids.PAST, past),
    shell.Sheet(Ids.LIST, said),
    shell.Sheet(Ids.DEMO, of_the_city),
)
