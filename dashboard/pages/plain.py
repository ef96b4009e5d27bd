"""Pages that are read and not lived on: plain documents in the house look, without Dash."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from markupsafe import Markup
from starlette.responses import HTMLResponse

from dashboard import document
from dashboard.context import Context, Look
from dashboard.theme import stylesheet
from dashboard.widgets.markup import html, text_of
from dashboard.widgets.sparkline import data_uri

_DOCUMENT = """<!DOCTYPE html>
<html lang="{language}" data-page="plain" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{title}</title>
<link rel="icon" href="{seal}">
<link rel="stylesheet" href="{sheet}">
<link rel="stylesheet" href="/assets/atlas.css">
<link rel="stylesheet" href="/assets/exports.css">
<link rel="stylesheet" href="/assets/indicators.css">
<link rel="stylesheet" href="/assets/panels.css">
<link rel="stylesheet" href="/assets/reports.css">
<link rel="stylesheet" href="/assets/evaluation.css">
</head>
<body class="plain">
{body}
{script}</body>
</html>
"""


def plain_page(
    context: Context,
    look: Look,
    title: str,
    parts: Any,
    *,
    refresh_s: int | None = None,
    script: str = "",
    status: int = 200,
) -> HTMLResponse:
    """Return a document in the viewer's language and light.

    Parameters
    ----------
    title : str
        Of the browser's tab.
    parts : markup
        What stands on it.
    refresh_s : int, optional
        Seconds after which the browser asks again.
    script : str
        Of the page, trusted.
    """
    face = document.font_face(document.font(context).name)
    sheet = document.sheet_path((stylesheet() + face).encode())
    again = f'<meta http-equiv="refresh" content="{refresh_s}">\n' if refresh_s else ""
    text = _DOCUMENT.format(
        language=look.language,
        theme=look.view.theme,
        refresh=again,
        title=text_of(title),
        seal=data_uri(document.SEAL),
        sheet=sheet,
        body=text_of(parts),
        script=Markup(f"<script>{script}</script>\n") if script else "",
    )
    return HTMLResponse(text, status)


def head(look: Look, here: str, here_path: str, links: Any = (), more: str = "") -> Markup:
    """Return the bar on top: the mark, where we are, other pages, language and light.

    ``more`` is what the address of this page has beside the view.
    """
    other = "en" if look.language == "zh-CN" else "zh-CN"
    city = look.city.name(look.language)
    light = "light" if look.view.theme == "dark" else "dark"
    return html.Header(
        [
            html.A(
                [html.Span(className="seal"), html.B(look.say("product"))],
                href="/" + look.href(look.view),
                className="brand",
            ),
            html.Span([html.Small(city), html.Span(here)], className="here"),
            html.Span(className="gap"),
            links,
            html.A(
                "EN" if other == "en" else "中",
                href=here_path + look.href(replace(look.view, language=other)) + more,
                className="choice",
                title=look.say("other-language"),
            ),
            html.A(
                look.say(f"theme-{light}"),
                href=here_path + look.href(replace(look.view, theme=light)) + more,
                className="choice",
            ),
        ],
        className="bar",
    )
