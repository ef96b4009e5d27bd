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


DERIVED = (
    "--panel-solid:{panel};--field:{ground};"
    "--panel:color-mix(in srgb,{panel} 88%,transparent);"
    "--scrim:color-mix(in srgb,{ground} 84%,transparent);"
    "--hover:color-mix(in srgb,{accent} 12%,transparent);"
    "--accent-dim:color-mix(in srgb,{accent} 55%,transparent);"
    "--bad:{bad};--shadow:{shadow};"
)
"""What panels are made of: the same tokens, thinner."""

_BAD = {"dark": "#b39ddb", "light": "#564092"}
"""Lateness in words: the violet of "bad is high", because red belongs to warnings."""
_SHADOW = {"dark": "0 6px 24px rgb(2 8 18/.45)", "light": "0 4px 18px rgb(40 32 16/.16)"}


def _rule(selector: str, theme: str) -> str:
    tokens = "".join(f"--{name}:{value};" for name, value in TOKENS[theme].items())
    derived = DERIVED.format(
        panel=TOKENS[theme]["panel"],
        ground=TOKENS[theme]["ground"],
        accent=TOKENS[theme]["accent"],
        bad=_BAD[theme],
        shadow=_SHADOW[theme],
    )
    return f"{selector}{{color-scheme:{theme};{tokens}{derived}}}"
