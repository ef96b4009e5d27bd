"""Panels as text: elements written as ``html.Span(children, className=…)``, escaped, fast.

Dash components cost about a millisecond of a browser's main thread each, *measured*, and a desk
has twelve hundred elements; as text they cost a few milliseconds all together. The spelling is
Dash's own, so that a panel reads the same either way. Escaping is markupsafe's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

Element = Callable[..., Markup]
VOID = frozenset({"img", "input"})


_SPECIAL = re.compile("[&<>'\"]").search


def _escaped(value: object) -> str:
    if isinstance(value, Markup):
        return value
    text = str(value)
    # Hardly any text of a page needs it, and asking is cheaper than copying.
    return str(escape(text)) if _SPECIAL(text) else text


def _text(children: Any) -> str:
    if children is None:
        return ""
    if isinstance(children, (list, tuple)):
        return "".join([_text(child) for child in children])
    return _escaped(children)


def _attributes(given: Mapping[str, Any]) -> str:
    written: list[str] = []
    for name, value in given.items():
        if value is None or value is False:
            continue
        if name == "className":
            name = "class"
        elif name == "key":
            name = "data-key"
        elif name == "style":
            value = ";".join(f"{key}:{part}" for key, part in value.items())
        written += (" ", name, '="', _escaped(value), '"')
    return "".join(written)


def element(tag: str) -> Element:
    """Return what writes elements of ``tag``.

    The written function takes the children (text, numbers, markup or nested lists of them) and
    attributes; ``className`` is ``class``, ``style`` a mapping, ``key`` tells rows of a list
    apart when they move.
    """

    head, foot, is_void = f"<{tag}", f"</{tag}>", tag in VOID

    def write(children: Any = None, **attributes: Any) -> Markup:
        # Everything within was escaped or is markup already. Joined, not formatted: to format
        # markup costs more than all the rest.
        parts = [head, _attributes(attributes), ">"]
        if not is_void:
            parts += (_text(children), foot)
        return Markup("".join(parts))

    return write


class html:  # noqa: N801 - a namespace, spelt as Dash spells it
    """The elements that panels use."""

    A = element("a")
    Article = element("article")
    B = element("b")
    Button = element("button")
    Dd = element("dd")
    Details = element("details")
    Div = element("div")
    Dl = element("dl")
    Dt = element("dt")
    Em = element("em")
    Form = element("form")
    H2 = element("h2")
    H3 = element("h3")
    Header = element("header")
    I = element("i")  # noqa: E741
    Img = element("img")
    Input = element("input")
    Li = element("li")
    Ol = element("ol")
    P = element("p")
    Pre = element("pre")
    Section = element("section")
    Small = element("small")
    Span = element("span")
    Strong = element("strong")
    Summary = element("summary")
    Table = element("table")
    Tbody = element("tbody")
    Td = element("td")
    Th = element("th")
    Thead = element("thead")
    Tr = element("tr")


def text_of(parts: Any) -> str:
    """Return any nesting of markup as one text."""
    return _text(parts)
