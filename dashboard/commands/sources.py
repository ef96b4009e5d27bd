"""``python app.py check-sources``: does every source answer, and would its rows be taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import say, tell_line
from dashboard.context import WORDS
from geo_data.city import read_city
from geo_data.faults import Fault, InputError
from geo_data.provision import settings_with_city

if TYPE_CHECKING:
    from geo_data.ingest.trying import Trial

UNUSABLE = 2


def _options(parser: Parser, wording: Wording) -> None:
    parser.add_argument("--city", type=Path, metavar="CITY.toml", help=wording("city"))


def _check(asked: Asked) -> int:
    from geo_data.ingest.trying import try_source

    settings = settings_with_city(asked.environment, city=asked.typed.city)
    if settings.city is None:
        raise InputError(Fault("no-city-file"))
    city = read_city(settings.city)
    if not city.intakes:
        say("cli-no-sources", asked.language)
    trials = [try_source(city, one, asked.now(), asked.environment) for one in city.intakes]
    for trial in trials:
        _tell(trial, asked.language)
    return UNUSABLE if any(trial.faults for trial in trials) else 0


def _tell(trial: Trial, language: str) -> None:
    intake = trial.intake
    name = intake.name(language) if intake.name else intake.key
    values = {"name": name, "way": WORDS(f"way-{intake.way}", language)}
    if trial.faults:
        say("cli-source-wrong", language, **values)
    else:
        said = _said(trial, language)
        say("cli-source-fine", language, said=said, **values)
    for fault in (*trial.faults, *trial.notes):
        tell_line(f"  {fault.sentence(language)}")


def _said(trial: Trial, language: str) -> str:
    if trial.found is not None:
        return WORDS("cli-source-rows", language, n=trial.found)
    return WORDS(f"cli-source-{'waits' if trial.intake.way == 'http' else 'answers'}", language)


CHECK_SOURCES = Command("check-sources", _options, _check)
