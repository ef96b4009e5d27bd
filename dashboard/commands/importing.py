"""``python app.py import CITY.toml``: a city's files into its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from geo_data.city import City, read_city
from geo_data.faults import Fault, InputError
from geo_data.provision import settings_with_city, store_address
from geo_data.store import alone, shown_address
from indicators import catalog

if TYPE_CHECKING:
    from geo_data.importer import ImportReport


def report_options(parser: Parser, wording: Wording) -> None:
    """Add the ways in which a report may be given."""
    parser.add_argument("--json", action="store_true", help=wording("json"))
    parser.add_argument("--html", type=Path, metavar="FILE.html", help=wording("html"))


def give_report(asked: Asked, report: ImportReport) -> None:
    """Print a report, and write its page where one was asked for.

    Raises
    ------
    InputError
        The page cannot be written.
    """
    if asked.typed.json:
        print(report.as_json(asked.language))
    else:
        Console().print(report.as_table(asked.language))
    _write_page(asked, report)


@contextmanager
def reported_if_refused(asked: Asked, name: str) -> Iterator[None]:
    """Write the page, where one was asked for, also if nothing can be used.

    Parameters
    ----------
    name : str
        What to call the city while its file cannot be read.
    """
    try:
        yield
    except InputError as error:
        from geo_data.importer import report_of

        try:
            _write_page(asked, report_of(error, name))
        except InputError as unwritten:
            faults = (*error.faults, *unwritten.faults)
            raise InputError(*faults, exit_code=error.exit_code) from error
        raise


def _write_page(asked: Asked, report: ImportReport) -> None:
    page: Path | None = asked.typed.html
    if page is None:
        return
    from geo_data.importer import report_page

    try:
        page.write_text(report_page(report, asked.now(), asked.language), encoding="utf-8")
    except OSError as error:
        values: dict[str, object] = {"error": error.strerror or error}
        raise InputError(Fault("page-not-written", file=str(page), values=values)) from error
    say("cli-page-written", asked.language, path=page)


def refuse_wrong_indicators(city: City, file: Path) -> None:
    """Refuse a city file whose own indicators or evaluations cannot be used: all their faults.

    Raises
    ------
    InputError
        With the file, the row and the field of each.
    """
    from indicators import evaluation  # Loads all that counts.

    found = (*catalog.faults_of(city), *evaluation.faults_of(city))
    faults = [replace(fault, file=str(file)) for fault in found]
    if faults:
        raise InputError(*faults)


def _options(parser: Parser, wording: Wording) -> None:
    parser.add_argument("city_file", type=Path, metavar="CITY.toml", help=wording("city"))
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--replace", action="store_true", help=wording("replace"))
    mode.add_argument("--upsert", action="store_true", help=wording("upsert"))
    parser.add_argument("--check", action="store_true", help=wording("check-only"))
    parser.add_argument("--apply-detected", action="store_true", help=wording("apply-detected"))
    report_options(parser, wording)


def _import(asked: Asked) -> int:
    # Seconds to load, and every other command waits for this module.
    from geo_data.importer import import_city

    typed, language = asked.typed, asked.language
    with reported_if_refused(asked, typed.city_file.name):
        city = read_city(typed.city_file)
        refuse_wrong_indicators(city, typed.city_file)
        settings = settings_with_city(asked.environment, city=typed.city_file)
        address = store_address(settings, city.code)
        with progress(language) as tell, alone(address):
            report = import_city(
                typed.city_file,
                address,
                asked.now(),
                check=typed.check,
                upsert=typed.upsert,
                apply_detected=typed.apply_detected,
                progress=tell,
            )
    give_report(asked, report)
    if not typed.check:
        say("cli-imported", language, path=shown_address(address), city=typed.city_file)
    return report.exit_code


IMPORT = Command("import", _options, _import)
