"""``python app.py check``: what the store has, held against the rules of an import."""

from __future__ import annotations

from pathlib import Path

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.importing import give_report, report_options, reported_if_refused
from dashboard.commands.telling import progress
from geo_data.city import read_city
from geo_data.provision import DEMO_ADCODE, settings_with_city, store_address


def _options(parser: Parser, wording: Wording) -> None:
    parser.add_argument("--city", type=Path, metavar="CITY.toml", help=wording("city"))
    report_options(parser, wording)


def _check(asked: Asked) -> int:
    from geo_data.importer import check_store

    said = asked.typed.city.name if asked.typed.city else f"demo-{DEMO_ADCODE}"
    with reported_if_refused(asked, said), progress(asked.language) as tell:
        settings = settings_with_city(asked.environment, city=asked.typed.city)
        name = read_city(settings.city).code if settings.city else f"demo-{DEMO_ADCODE}"
        prepared = check_store(store_address(settings, name), progress=tell)
    give_report(asked, prepared.report)
    return prepared.report.exit_code


CHECK = Command("check", _options, _check)
