"""``python app.py import CITY.toml``: a city's files into its store."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from geo_data.city import read_city
from geo_data.importer import import_city
from geo_data.provision import settings_with_city, store_address
from geo_data.store import alone, shown_address


def _options(parser: Parser, wording: Wording) -> None:
    parser.add_argument("city_file", type=Path, metavar="CITY.toml", help=wording("city"))
    parser.add_argument("--check", action="store_true", help=wording("check"))
    parser.add_argument("--apply-detected", action="store_true", help=wording("apply-detected"))
    parser.add_argument("--json", action="store_true", help=wording("json"))


def _import(asked: Asked) -> int:
    typed, language = asked.typed, asked.language
    city = read_city(typed.city_file)
    settings = settings_with_city(asked.environment, city=typed.city_file)
    address = store_address(settings, city.code)
    with progress(language) as tell, alone(address):
        report = import_city(
            typed.city_file,
            address,
            asked.now(),
            check=typed.check,
            apply_detected=typed.apply_detected,
            progress=tell,
        )
    if typed.json:
        print(report.as_json(language))
    else:
        Console().print(report.as_table(language))
    if not typed.check:
        say("cli-imported", language, path=shown_address(address), city=typed.city_file)
    return report.exit_code


IMPORT = Command("import", _options, _import)
