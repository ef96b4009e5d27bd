"""The vital signs on one page: by groups, children ranked, days, channels, stages, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard.context import Look
from dashboard.pages import indicator_days, indicator_flow, indicator_ranking, indicator_versus
from dashboard.pages.frozen_note import frozen_note
from dashboard.pages.indicator_view import Asked, chain, choices, notices, section
from dashboard.pages.plain import head
from dashboard.widgets.markup import html
from dashboard.widgets.sign_group import Sign, sign_group
from indicators import catalog, engine
from indicators.engine import IndicatorValue

SECTIONS = ("overview", "ranking", "calendar", "flow", "versus")
"""Parts of the page in order: each is an anchor of its address."""


@dataclass(frozen=True, slots=True)
class Board:
    """What several parts of the page are made of, read once.

    ``values`` are of the region and period, ``earlier`` of the same period a year before.
    """

    values: list[IndicatorValue]
    earlier: dict[str, float | None]


def board_page(asked: Asked) -> list[Any]:
    """Return the page."""
    look = asked.look
    where = (look.store, look.scope, look.region.code, asked.period.key, look.at)
    board = Board(engine.board(*where), engine.year_before(*where))
    return [
        head(look, look.say("indicators"), "/indicators", _evaluation(look), asked.more),
        html.Article(
            [
                *notices(asked),
                html.Div([chain(asked), _ways(asked), choices(asked)], className="sign-head"),
                *frozen_note(asked),
                html.Div(
                    [
                        _overview(asked, board),
                        indicator_ranking.part(asked, board.values),
                        indicator_days.part(asked),
                        indicator_flow.part(asked),
                        indicator_versus.part(asked, board.values),
                    ],
                    className="boards",
                ),
            ],
            className="record indicators panels",
        ),
    ]


def _evaluation(look: Look) -> Any:
    """Return the way to how the units are evaluated by these signs."""
    return html.A(
        look.say("evaluation"), href="/evaluation" + look.href(look.view), className="choice"
    )


def _ways(asked: Asked) -> Any:
    """Return the way to each part of the page."""
    say = asked.look.say
    links = [html.A(say(f"part-{name}"), href=f"#{name}", className="way") for name in SECTIONS]
    told = {"role": "navigation", "aria-label": say("parts")}
    return html.Div(links, className="ways", **told)


def _overview(asked: Asked, board: Board) -> Any:
    look = asked.look
    described, own = catalog.of(look.city), catalog.indicators()
    by_group: dict[str, list[Sign]] = {group: [] for group in catalog.groups()}
    for value in board.values:
        one = described[value.key]
        year_before = board.earlier.get(value.key)
        sign = Sign(one, value, year_before, asked.href(value.key), value.key not in own)
        by_group[one.group].append(sign)
    tables = [
        sign_group(look, catalog.groups()[group](look.language), members)
        for group, members in by_group.items()
    ]
    rule = html.P(look.say("indicators-rule"), className="rule")
    return section(
        "overview", look.say("part-overview"), [html.Div(tables, className="groups"), rule]
    )
