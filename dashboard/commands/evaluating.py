"""``python app.py evaluate --period 2026-10``: the ranking of every group; published if asked."""

from __future__ import annotations

import argparse
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.exporting import system_user
from dashboard.commands.telling import progress, say
from dashboard.context import WORDS, Context
from geo_data.provision import provide, settings_with_city
from geo_data.records import Scope
from geo_data.store import Store

if TYPE_CHECKING:
    from indicators.evaluation import GroupResult, Shown


def _options(parser: Parser, wording: Wording) -> None:
    add = parser.add_argument
    add("evaluation", metavar="KEY", nargs="?", help=wording("evaluate-key"))
    left = argparse.SUPPRESS
    add("--city", type=Path, metavar="CITY.toml", default=left, help=wording("city"))
    add("--period", metavar="2026-10", required=True, help=wording("evaluate-period"))
    add("--json", action="store_true", help=wording("evaluate-json"))
    add("--current", action="store_true", help=wording("evaluate-current"))
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--publish", action="store_true", help=wording("evaluate-publish"))
    change.add_argument("--reopen", metavar="REASON", help=wording("evaluate-reopen"))
    add("--who", metavar="NAME", help=wording("evaluate-who"))


def _evaluate(asked: Asked) -> int:
    from indicators import evaluation

    settings = settings_with_city(asked.environment, city=vars(asked.typed).get("city"))
    now, typed = asked.now(), asked.typed
    with progress(asked.language) as tell:
        store = provide(settings, now, progress=tell).store
    with closing(store):
        scope = Scope(region_code=settings.scope_region)
        key = typed.evaluation or next(iter(evaluation.evaluations_of(store.city)), "")
        _change(asked, store, scope, key, now)
        found = evaluation.shown(store, scope, key, typed.period, now, current=typed.current)
        if typed.json:
            from dashboard.api.evaluation_answers import result_of

            context = Context(settings, store, asked.now)
            print(result_of(context, found, current=typed.current).model_dump_json(indent=2))
        else:
            _print(asked, store, found)
    return 0


def _change(asked: Asked, store: Store, scope: Scope, key: str, now: datetime) -> None:
    """Publish it or open it again, where that is asked for."""
    from indicators import evaluation

    typed, language = asked.typed, asked.language
    who = typed.who or system_user()[:40]
    if typed.publish:
        made = evaluation.publish(store, scope, key, typed.period, who=who, at=now)
        say("cli-evaluated", language, number=made.number, sha256=made.sha256)
    elif typed.reopen is not None:
        how = {"who": who, "at": now, "reason": typed.reopen}
        made = evaluation.reopen(store, scope, key, typed.period, **how)
        say("cli-reopened", language, number=made.number)


def _print(asked: Asked, store: Store, found: Shown) -> None:
    language, settled, one = asked.language, found.settled, found.publication
    console = Console()
    for declared in settled.evaluation.groups:
        title = f"{settled.evaluation.name(language)} · {declared.name(language)} · "
        table = Table(title=title + settled.period)
        _fill(table, settled.group(declared.key), language)
        names = [settled.indicators[m.indicator].name(language) for m in declared.measures]
        for name in names:
            table.add_column(name, justify="right")
        for unit in settled.group(declared.key).units:
            points = [_said(each.points) for each in unit.measures]
            why = WORDS(f"why-not-{unit.why_not}", language) if unit.why_not else ""
            place = why or str(unit.place)
            table.add_row(place, unit.name, _said(unit.score), *points)
        console.print(table)
    known_at = f"{settled.known_at.astimezone(store.city.zone):%Y-%m-%d %H:%M}"
    if one is None:
        say("cli-evaluate-open", language, at=known_at)
    else:
        values = {"number": one.number, "at": known_at, "sha256": one.sha256}
        say("cli-evaluate-published", language, who=one.published_by, **values)
        say(f"cli-evaluate-{'differs' if found.differences else 'same'}", language)


def _fill(table: Table, group: GroupResult, language: str) -> None:
    table.caption = WORDS("units-ranked", language, n=group.ranked)
    for key in ("place", "unit", "score"):
        table.add_column(WORDS(key, language), justify="left" if key == "unit" else "right")


def _said(points: float | None) -> str:
    return "—" if points is None else f"{points:.2f}"


EVALUATE = Command("evaluate", _options, _evaluate)
"""Prints an evaluation of a period, publishes it or opens it again."""
