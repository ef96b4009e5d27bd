"""Both lights as CSS custom properties, out of the tokens the map is drawn with."""

from __future__ import annotations

from layers.style import TOKENS

SERIES = {
    "dark": ("#3cc8b4", "#9b8bd8", "#6f93b8", "#c3cfda", "#2b8c7e", "#6a5da8"),
    "light": ("#12887a", "#6d5cb5", "#4f7396", "#8a97a3", "#5cb8aa", "#a69bd4"),
}
"""Colours of chart series, none of them near a warning colour."""


def stylesheet() -> str:
    """Return ``:root`` rules for both themes; the page's theme is ``html[data-theme]``."""
    return "\n".join(
        [_rule(':root, [data-theme="dark"]', "dark"), _rule('[data-theme="light"]', "light")]
    )


def _rule(selector: str, theme: str) -> str:
    tokens = "".join(f"--{name}:{value};" for name, value in TOKENS[theme].items())
    return f"{selector}{{color-scheme:{theme};{tokens}}}"
