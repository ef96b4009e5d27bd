"""What the page has to say about itself: a wrong link, a lost server, made-up data."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from dash import Dash, Output, html

from dashboard import shell
from dashboard.context import Context, Look


class Ids(StrEnum):
    """Ids of this panel."""

    LIST = "notices"
    DEMO = "city-notice"


def layout(look: Look) -> Any:
    """Return the notices; the one about the connection is shown by the browser itself."""
    lost = html.Div(
        [html.Span(className="mark age age-lost"), html.Span(look.say("server-lost"))],
        className="notice lost",
        role="alert",
    )
    return html.Div(
        [
            lost,
            html.Div(id=Ids.LIST, role="status"),
            html.Div(id=Ids.DEMO, className="city-notice"),
        ],
        className="notices",
    )


def register(app: Dash, context: Context) -> None:
    """Wire the panel."""

    @app.callback(Output(Ids.LIST, "children"), Output(Ids.DEMO, "children"), shell.URL)
    def show_notices(query: str) -> tuple[Any, str]:
        look = context.look(query)
        said = [html.Div(text, className="notice") for text in look.notices]
        return said, look.city.notice(look.language) if look.city.notice else ""
