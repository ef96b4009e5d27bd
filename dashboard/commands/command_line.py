"""What was typed, read and handed to the command it names."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from dashboard.commands.checking import CHECK
from dashboard.commands.command import Asked, Command, Parser, Serve
from dashboard.commands.copying import COPY
from dashboard.commands.demo import DEMO
from dashboard.commands.evaluating import EVALUATE
from dashboard.commands.exporting import EXPORT
from dashboard.commands.importing import IMPORT
from dashboard.commands.migrating import MIGRATE
from dashboard.commands.recounting import RECOUNT
from dashboard.commands.reporting import REPORT
from dashboard.commands.serving import SERVE
from dashboard.commands.sources import CHECK_SOURCES
from dashboard.commands.telling import say, tell_line
from dashboard.commands.tiles import TILES
from dashboard.context import WORDS
from geo_data.faults import Fault, InputError, nearest
from geo_data.words import DEFAULT_LANGUAGE

COMMANDS: tuple[Command, ...] = (
    IMPORT,
    CHECK,
    CHECK_SOURCES,
    DEMO,
    TILES,
    EXPORT,
    REPORT,
    EVALUATE,
    MIGRATE,
    RECOUNT,
    COPY,
)
"""In the order in which the help lists them; without one of them a city is served."""

STOPPED = 130


def run(
    arguments: Sequence[str], serve: Serve, environment: Mapping[str, str] | None = None
) -> int:
    """Do what was typed.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.
    serve : callable
        Serves until stopped.
    environment : Mapping, optional
        ``os.environ`` unless a test says otherwise.

    Returns
    -------
    int
        The exit code.
    """
    environment = os.environ if environment is None else environment
    language = asked_language(arguments, environment)
    try:
        typed = _parse(arguments, language)
        command = {each.name: each for each in COMMANDS}.get(typed.command, SERVE)
        return command.do(Asked(typed, environment, language, serve, lambda: datetime.now(UTC)))
    except InputError as error:
        for sentence in error.sentences(language):
            tell_line(sentence)
        return error.exit_code
    except KeyboardInterrupt:
        say("cli-stopped", language)
        return STOPPED


def asked_language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language to answer in, known before anything else can go wrong."""
    asked = environment.get("YIPING_LANGUAGE", DEFAULT_LANGUAGE)
    for option, value in pairwise(["", *arguments, ""]):
        if option == "--lang" or option.startswith("--lang="):
            asked = option.partition("=")[2] or value
    return "en" if asked == "en" else DEFAULT_LANGUAGE


def _parse(arguments: Sequence[str], language: str) -> argparse.Namespace:
    parser, options = _parser(language)
    for argument in arguments:
        option = argument.partition("=")[0]
        # Before argparse takes the value of an option it does not know for a command.
        if re.match("--?[a-z]", option) and option not in options:
            values: dict[str, object] = {"key": option, "nearest": nearest(option, options)}
            raise InputError(Fault("unknown-option", values=values))
    return parser.parse_args(arguments)


def _parser(language: str) -> tuple[Parser, list[str]]:
    """Return the parser and every option it knows."""

    def wording(key: str) -> str:
        return WORDS(f"cli-{key}", language)

    every = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    every.add_argument("--lang", choices=("zh", "zh-CN", "en"), help=wording("lang"))
    whole = Parser(
        prog="python app.py", description=wording("what"), parents=[every], allow_abbrev=False
    )
    SERVE.options(whole, wording)
    listed = whole.add_subparsers(dest="command", title=wording("commands"), metavar="")
    known = [whole]
    for command in COMMANDS:
        parser = listed.add_parser(
            command.name, help=wording(command.name), parents=[every], allow_abbrev=False
        )
        command.options(parser, wording)
        known.append(parser)
    return whole, sorted({option for each in known for option in each._option_string_actions})
