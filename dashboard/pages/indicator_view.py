"""What a page of indicators looks at: the view of the desk and a period of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from dashboard.context import Context, Look
from dashboard.view import View
from dashboard.widgets.markup import html
from dashboard.widgets.period_name import period_name
from geo_data import rollups
from geo_data.ingest.fields import EARLIEST_YEAR
from indicators import engine
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
    year : int or None
        Whose days the calendar has; ``None`` is the last twelve months.
    versus : str or None
        Code of the region that the board is compared with.
    versus_period : str or None
        Key of the period that it is compared with.
    """

    look: Look
    period: Period
    year: int | None = None
    versus: str | None = None
    versus_period: str | None = None

    def href(
        self, key: str | None = None, view: View | None = None, period: str | None = None
    ) -> str:
        """Return the address of an indicator, or of all, from another region or period."""
        path = PATH if key is None else f"{PATH}/{quote(key)}"
        asked = view or self.look.view
        query = self.look.href(asked)
        pairs = self._own() if key is None else {}
        named = period or self.period.key
        if named != asked.window:
            pairs = {"period": named, **pairs}
        if not pairs:
            return path + (query if query != "?" else "")
        joint = "&" if query not in ("", "?") else ""
        return f"{path}{query or '?'}{joint}{urlencode(pairs, safe='.')}"

    @property
    def more(self) -> str:
        """What the address has beside the view."""
        return "&" + urlencode({"period": self.period.key, **self._own()}, safe=".")

    def _own(self) -> dict[str, str]:
        """Return what only the page of all of them has in its address."""
        pairs = {"year": self.year, "versus": self.versus, "versus-period": self.versus_period}
        return {name: str(value) for name, value in pairs.items() if value is not None}

    def kept(self, *dropped: str) -> list[Any]:
        """Return the fields that a form keeps of the address, without some."""
        pairs = dict(parse_qsl(self.href().partition("?")[2]))
        pairs.setdefault("period", self.period.key)
        return [
            html.Input(type="hidden", name=name, value=value)
            for name, value in pairs.items()
            if name not in dropped
        ]

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
        found = engine.period_of(look.store, key, look.at)
    except KeyError:
        look = _noting(look, "notice-no-period", period=key)
        found = engine.period_of(look.store, look.view.window, look.at)
    return _beside(Asked(look, found, year=_year(look, said.get("year", ""))), said)


def _beside(asked: Asked, said: Mapping[str, str]) -> Asked:
    """Return the look with what it is compared with, as far as there is such a thing."""
    look, code = asked.look, said.get("versus") or None
    if code is not None and look.tree.get(code) is None:
        asked, code = replace(asked, look=_noting(look, "notice-no-versus", code=code)), None
    key = said.get("versus-period") or None
    if said.get("versus-from") and said.get("versus-to"):
        key = f"{said['versus-from']}..{said['versus-to']}"
    if key is not None:
        try:
            engine.period_of(look.store, key, look.at)
        except KeyError:
            noted = _noting(asked.look, "notice-no-period", period=key)
            asked, key = replace(asked, look=noted), None
    return replace(asked, versus=code, versus_period=key)


def _year(look: Look, said: str) -> int | None:
    """Return a year that has begun; nothing of anything else."""
    if not (said.isdecimal() and len(said) == 4):
        return None
    year = int(said)
    return year if EARLIEST_YEAR <= year <= look.local(look.at).year else None


def _noting(look: Look, key: str, **values: object) -> Look:
    return replace(look, notices=(*look.notices, look.say(key, **values)))


def period_word(look: Look, key: str) -> str:
    """Say a period: its name, or its days."""
    return period_name(look, key)


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
    form = html.Form(
        [
            *asked.kept("period"),
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


def notices(asked: Asked, key: str | None = None) -> list[Any]:
    """Return what had to be changed of what was asked for, and which moment is looked back to."""
    changed = [html.P(text, className="fault") for text in asked.look.notices]
    return [*changed, *_looking_back(asked, key)]


def _looking_back(asked: Asked, key: str | None) -> list[Any]:
    look = asked.look
    if look.view.at is None:
        return []
    is_told = rollups.can_tell(look.store, look.view.at)
    cells = [
        html.Span(look.say("looking-back")),
        html.B(f"{look.local(look.view.at):%Y-%m-%d %H:%M:%S}".removesuffix(":00")),
        html.Small(look.say("known-then" if is_told else "known-then-in-part")),
        html.A(look.say("back-to-now"), href=asked.href(key, replace(look.view, at=None))),
    ]
    return [html.P(cells, className="looking-back", role="status")]


def section(name: str, title: str, body: Any, said: str = "") -> Any:
    """Return a part of the page that its address can name; ``said`` stands small beside it."""
    heading = html.H2([title, html.Small(said)])
    return html.Section([heading, body], id=name, className=f"part {name}")
