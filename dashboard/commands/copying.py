"""``python app.py copy SRC DST``: a city from one store to another."""

from __future__ import annotations

from rich.console import Console

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from geo_data.store import copy_city, shown_address, store_address_of


def _options(parser: Parser, wording: Wording) -> None:
    parser.add_argument("source", metavar="SRC", help=wording("copy-source"))
    parser.add_argument("target", metavar="DST", help=wording("copy-target"))


def _copy(asked: Asked) -> int:
    source, target = (store_address_of(one) for one in (asked.typed.source, asked.typed.target))
    with progress(asked.language) as tell:
        report = copy_city(source, target, asked.now(), progress=tell)
    Console().print(report.as_table(asked.language))
    values = {"rows": report.rows, "kept": report.kept, "path": shown_address(target)}
    say("cli-copied", asked.language, **values)
    return 0


COPY = Command("copy", _options, _copy)
