"""What a page of indicators looks at: the view of the desk and a period of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from dashboard.context import Context, Look
from dashboard.view import View
from dashboard.widgets.markup import html
from indicators import engine, periods
from indicators.periods import CALENDAR, Period

PATH = "/indicators"
OFFERED = ("today", "24h", "7d", *CALENDAR, "year")
"""Periods that are offered as a choice; two days can be given instead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One look at indicators.

    Parameters
    ----------
    look : Look
        Who looks at which region, as known when.
    period : Period
        Over which period.
    """

    look: Look
    period: Period

    def href(
        self, key: str | None = None, view: View | None = None, period: str | None = None
    ) -> str:
        """Return the address of an indicator, or of all, from another region or period."""
        path = PATH if key is None else f"{PATH}/{quote(key)}"
        query = self.look.href(view or self.look.view)
        named = period or self.period.key
        if named == (view or self.look.view).window:
            return path + (query if query != "?" else "")
        joint = "&" if query not in ("", "?") else ""
        return f"{path}{query or '?'}{joint}{urlencode({'period': named}, safe='.')}"

    @property
    def more(self) -> str:
        """What the address has beside the view."""
        return "&" + urlencode({"period": self.period.key}, safe=".")

    def at_region(self, code: str, key: str | None = None) -> str:
        """Return the address of the same at another region."""
        root = self.look.tree.root.code
        view = self.look.view.at_region(None if code == root else code)
        return self.href(key, view)


def asked_of(context: Context, query: str) -> Asked:
    """Return what an address asks for; a period that there is not becomes the desk's window."""
    look = context.look(query)
    said = dict(parse_qsl(query.lstrip("?")))
    named = said.get("period") or ""
    if said.get("from") and said.get("to"):
        named = f"{said['from']}..{said['to']}"
    key = named or look.view.window
    try:
        return Asked(look, engine.period_of(look.store, key, look.at))
    except KeyError:
        notice = look.say("notice-no-period", period=key)
        look = replace(look, notices=(*look.notices, notice))
        return Asked(look, engine.period_of(look.store, look.view.window, look.at))


def period_word(look: Look, key: str) -> str:
    """Say a period: its name, or its days."""
    if key in periods.KEYS:
        return look.say(f"window-{key}")
    return key.replace("..", " – ")


def choices(asked: Asked, key: str | None = None) -> Any:
    """Return the periods as links, and a form for two days."""
    look = asked.look
    links = [
        html.A(
            period_word(look, name),
            href=asked.href(key, period=name),
            className="chip on" if name == asked.period.key else "chip",
        )
        for name in OFFERED
    ]
    first, last = _days(asked)
    kept = dict(parse_qsl(look.href(look.view).lstrip("?")))
    hidden = [html.Input(type="hidden", name=name, value=kept[name]) for name in kept]
    form = html.Form(
        [
            *hidden,
            html.Input(type="date", name="from", value=first, title=look.say("from-day")),
            html.Span("–"),
            html.Input(type="date", name="to", value=last, title=look.say("to-day")),
            html.Button(look.say("show"), type="submit", className="chip"),
        ],
        action=PATH if key is None else f"{PATH}/{quote(key)}",
        method="get",
        className="days",
    )
    return html.Div([*links, form], className="choices")


def _days(asked: Asked) -> tuple[str, str]:
    window, look = asked.period.window, asked.look
    # A period ends where the day after it begins.
    last = look.local(window.end - timedelta(milliseconds=1))
    return f"{look.local(window.start):%Y-%m-%d}", f"{last:%Y-%m-%d}"


def chain(asked: Asked, key: str | None = None) -> Any:
    """Return the regions from the root down to the one in view, as links."""
    look = asked.look
    links = [
        html.A(one.name, href=asked.at_region(one.code, key))
        for one in look.tree.ancestors(look.region.code)
    ]
    return html.Div(links, className="chain")


def notices(look: Look) -> list[Any]:
    """Return what had to be changed of what was asked for."""
    return [html.P(text, className="fault") for text in look.notices]
