"""What the page of evaluation looks at: which evaluation, group and period, which unit's cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dashboard.context import Context, Look
from dashboard.widgets.markup import html
from dashboard.widgets.period_name import period_name
from geo_data.evaluations import Evaluation, Group
from geo_data.faults import InputError
from indicators import evaluation
from indicators.calendar_names import name_of
from indicators.evaluation import Shown
from indicators.windows import months_on

PATH = "/evaluation"
MONTHS = 4
_OWN = ("evaluation", "group", "period", "unit", "measure", "current")
"""What the address has beside the view."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One look at an evaluation.

    Parameters
    ----------
    look : Look
        Who looks.
    declared : Mapping
        The evaluations that can be chosen.
    said : Mapping
        What the address says, beside the view; valid.
    shown : Shown
        What came of it.
    """

    look: Look
    declared: Mapping[str, Evaluation]
    said: Mapping[str, str]
    shown: Shown

    @property
    def key(self) -> str:
        """Key of the evaluation."""
        return self.shown.settled.evaluation.key

    @property
    def period(self) -> str:
        """Name of the period."""
        return self.shown.settled.period

    @property
    def group(self) -> Group:
        """The group in view, as it was declared."""
        groups = self.shown.settled.evaluation.groups
        return next((one for one in groups if one.key == self.said.get("group")), groups[0])

    @property
    def is_current(self) -> bool:
        """Whether the numbers of the moment are shown though others are published."""
        return "current" in self.said

    def href(self, **changes: str | None) -> str:
        """Return the address of the same with some of it otherwise; ``None`` leaves it out."""
        found = {**self.said, **changes}
        pairs = [(name, value) for name in _OWN if (value := found.get(name))]
        query = self.look.href(self.look.view)
        joint = "&" if query not in ("", "?") and pairs else ""
        return f"{PATH}{query or '?'}{joint}{urlencode(pairs)}".rstrip("?")

    @property
    def more(self) -> str:
        """What the address has beside the view, to stand behind it."""
        pairs = [(name, value) for name in _OWN if (value := self.said.get(name))]
        return "&" + urlencode(pairs) if pairs else ""


def asked_of(context: Context, query: str) -> Asked:
    """Return what an address asks for; what there is not becomes what there is, with a notice.

    Evaluations speak of what is known now, also to whom looks back.
    """
    look = context.look(query)
    look = replace(look, at=look.now, view=replace(look.view, at=None))
    given = {name: text for name, text in parse_qsl(query.lstrip("?")) if name in _OWN}
    declared = evaluation.evaluations_of(look.city)
    key = given.get("evaluation") or next(iter(declared), "")
    period = given.get("period") or months_back(look)[0]
    current = bool(given.get("current"))
    where = (look.store, look.scope)
    try:
        shown = evaluation.shown(*where, key, period, look.now, current=current)
    except InputError as error:
        notice = error.faults[0].sentence(look.language)
        look = replace(look, notices=(*look.notices, notice))
        given = {name: given[name] for name in ("group",) if name in given}
        key, current = next(iter(declared), ""), False
        shown = evaluation.shown(*where, key, months_back(look)[0], look.now)
    said = {**given, "evaluation": key, "period": shown.settled.period}
    if not current or shown.publication is None:
        said.pop("current", None)
    return Asked(look, declared, said, shown)


def months_back(look: Look) -> list[str]:
    """Return the names of the last months that have ended, the newest first."""
    first = look.local(look.now).date().replace(day=1)
    return [f"{months_on(first, -n):%Y-%m}" for n in range(1, MONTHS + 1)]


def choices(asked: Asked) -> Any:
    """Return the evaluations, groups and periods as links, and a form for any month."""
    look = asked.look
    rows = []
    if len(asked.declared) > 1:
        names = [(key, one.name(look.language)) for key, one in asked.declared.items()]
        rows.append(
            _row(asked, "evaluation", names, asked.key, unit=None, measure=None, group=None)
        )
    groups = asked.shown.settled.evaluation.groups
    if len(groups) > 1:
        names = [(one.key, one.name(look.language)) for one in groups]
        rows.append(_row(asked, "group", names, asked.group.key, unit=None, measure=None))
    offered = dict.fromkeys(["this-month", *months_back(look), *_longer(look)])
    names = [(key, period_name(look, key)) for key in dict.fromkeys([*offered, asked.period])]
    periods = _row(asked, "period", names, asked.period, current=None)
    return html.Div([*rows, html.Div([periods, _any_month(asked)], className="periods")])


def _row(
    asked: Asked, name: str, names: list[tuple[str, str]], chosen: str, **changes: str | None
) -> Any:
    return html.Div(
        [
            html.A(
                text,
                href=asked.href(**{**changes, name: key}),
                className="chip on" if key == chosen else "chip",
            )
            for key, text in names
        ],
        className="choices",
    )


def _longer(look: Look) -> list[str]:
    """Return the quarter, the year and the assessment year that run, and those that ended last."""
    today, first = look.local(look.now).date(), look.city.assessment_month
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    before = name_of(months_on(quarter, -3), quarter - timedelta(1))
    names = ["this-quarter", str(before), "this-year", str(today.year - 1)]
    if first != 1:
        ended = today.year - (today.month < first)
        names += ["assessment-year", f"assessment-{ended}"]
    return names


def _any_month(asked: Asked) -> Any:
    look = asked.look
    kept = dict(parse_qsl(asked.href(period=None, current=None).partition("?")[2]))
    hidden = [html.Input(type="hidden", name=name, value=kept[name]) for name in kept]
    month = asked.period if len(asked.period) == 7 and asked.period[5:].isdecimal() else ""
    field = html.Input(type="month", name="period", value=month, title=look.say("any-month"))
    button = html.Button(look.say("show"), type="submit", className="chip")
    return html.Form([*hidden, field, button], action=PATH, method="get", className="days")
