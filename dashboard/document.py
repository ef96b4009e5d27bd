"""The HTML document around a page: head, font, policy, and what the browser needs to start."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlsplit

import dash

from dashboard import fonts
from dashboard.context import WORDS, Context
from dashboard.static import deck_bundle
from dashboard.theme import stylesheet
from dashboard.widgets.sparkline import data_uri
from geo_data import queries
from geo_data.city import City


def policy(city: City) -> str:
    """Return what the browser may load: this server and nothing else.

    Only a base map that the city file names by an address of the intranet adds one host.
    """
    url = city.basemap.url if city.basemap else None
    ground = "" if url is None else " {0.scheme}://{0.netloc}".format(urlsplit(url))
    return "; ".join(
        (
            "default-src 'self'",
            # Dash starts itself with inline scripts; Plotly compiles accessors.
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{ground}",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            f"connect-src 'self' data: blob:{ground}",
            "frame-ancestors 'self'",
        )
    )


SEAL = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="6" fill="#0b1a2e"/>'
    '<path d="M6 16h20" stroke="#3cc8b4" stroke-width="4" stroke-linecap="round"/>'
    '<path d="M10 8h12M10 24h12" stroke="#9fb4c8" stroke-width="2" stroke-linecap="round"/></svg>'
)
"""The mark: 一, one line across the screen."""

_INDEX = """<!DOCTYPE html>
<html lang="@language" data-page="@page" data-theme="@theme">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{%title%}</title>
<link rel="icon" href="@seal">
<link rel="preload" as="script" href="@deck">
<link rel="preload" as="font" type="font/woff2" crossorigin href="/static/@font">
<link rel="stylesheet" href="@sheet">
{%css%}
<script>
window.yipingConfig = @config;
(function (said, root) {
  root.dataset.theme = said.get("theme") === "light" ? "light" : "dark";
  if (["zh-CN", "en"].includes(said.get("lang"))) root.lang = said.get("lang");
})(new URLSearchParams(location.search), document.documentElement);
</script>
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""


def index(context: Context, page: str) -> str:
    """Return the index string of ``page`` for Dash to fill."""
    font_name = font(context).name
    sheet = (stylesheet() + font_face(font_name)).encode()
    deck_url, _ = deck_bundle()
    config = {
        "page": page,
        "deckUrl": deck_url,
        "home": context.settings.language,
        "cursor": "@cursor",
    }
    said = {
        "@language": context.settings.language,
        "@page": page,
        "@theme": "dark",
        "@seal": data_uri(SEAL),
        "@deck": deck_url,
        "@font": font_name,
        "@sheet": sheet_path(sheet),
        "@config": json.dumps(config),
    }
    text = _INDEX
    for place, value in said.items():
        text = text.replace(place, value)
    return text


def title(context: Context) -> str:
    """Return what the browser's tab says."""
    language = context.settings.language
    return f"{WORDS('product', language)} · {context.store.city.name(language)}"


def font(context: Context) -> fonts.WebFont:
    """Return the web font of this city: the one that is served, where one is already."""
    if context.font is not None:
        return context.font
    tree = queries.region_tree(context.store, context.scope)
    names = (region.name for region in tree.regions())
    said = [WORDS(key, "zh-CN") for key in WORDS.keys()]  # noqa: SIM118 - Words is no mapping
    city = context.store.city
    said += [rule.name.zh for rule in city.alarms.rules]
    said += [text for one in city.indicators for text in (one.name.zh, one.basis.zh)]
    said += [one.formula_text.zh for one in city.indicators if one.formula_text]
    characters = fonts.font_characters([*names, *said, fonts.product_words()])
    return fonts.WebFont(characters, context.settings.data_dir / "cache")


def font_face(font_name: str) -> str:
    """Return the rule that names the web font."""
    return (
        '@font-face{font-family:"Noto Sans SC";font-display:swap;'
        f'src:url("/static/{font_name}") format("woff2")}}'
    )


def sheet_path(sheet: bytes) -> str:
    """Return the immutable address of the style sheet."""
    return f"/static/theme.{hashlib.sha256(sheet).hexdigest()[:12]}.css"


def asked_query() -> str:
    """Return the query of the page that asks for its layout, so that it speaks its language.

    Dash asks for the layout by an address of its own; the page's is in the Referer.
    """
    backend = dash.get_app().backend  # type: ignore[no-untyped-call]
    if not backend.has_request_context():
        return ""
    referer: str = backend.request_adapter().headers.get("referer", "")
    return urlsplit(referer).query
