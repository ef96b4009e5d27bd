"""What one types: serve a city, import one, make a demo city.

Sentences for people go to standard error, results (the report) to standard output. Exit codes:
0 done, 1 imported but some rows refused, 2 input, 3 store, 4 port, 130 stopped by the keyboard.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import EACCES, EADDRINUSE
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from dashboard.context import WORDS
from geo_data.city import read_city
from geo_data.faults import WORDS as GEO_WORDS
from geo_data.faults import Fault, InputError, nearest
from geo_data.importer import import_city
from geo_data.provision import DEMO_ADCODE, Provided, provide, settings_with_city, store_path
from geo_data.settings import Settings
from geo_data.words import DEFAULT_LANGUAGE

STOPPED = 130
PORT_EXIT = 4
_LAST_PORT = 65_535

Serve = Callable[[Settings, Provided, socket.socket, Callable[[], None]], None]
"""Serves an open store on a listening socket until it is told to stop; calls when it is ready."""


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
        if typed.command == "import":
            return _import(typed, environment, language)
        return _serve(typed, serve, environment, language)
    except InputError as error:
        for sentence in error.sentences(language):
            _print(sentence)
        return error.exit_code
    except KeyboardInterrupt:
        _say("cli-stopped", language)
        return STOPPED


def asked_language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language to answer in, known before anything else can go wrong."""
    asked = environment.get("YIPING_LANGUAGE", DEFAULT_LANGUAGE)
    for option, value in pairwise(["", *arguments, ""]):
        if option == "--lang" or option.startswith("--lang="):
            asked = option.partition("=")[2] or value
    return "en" if asked == "en" else DEFAULT_LANGUAGE


class CutStreams(logging.Filter):
    """Keeps the log still about live streams that are cut when the server ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        cut = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not cut and "graceful shutdown exceeded" not in record.getMessage()


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as the rest of the product does."""

    def error(self, message: str) -> NoReturn:
        raise InputError(Fault("bad-argument", values={"error": message}))


def _parse(arguments: Sequence[str], language: str) -> argparse.Namespace:
    parser, options = _parser(language)
    for argument in arguments:
        option = argument.partition("=")[0]
        # Before argparse takes the value of an option it does not know for a command.
        if re.match("--?[a-z]", option) and option not in options:
            values: dict[str, object] = {"key": option, "nearest": nearest(option, options)}
            raise InputError(Fault("unknown-option", values=values))
    return parser.parse_args(arguments)


def _parser(language: str) -> tuple[_Parser, list[str]]:
    """Return the parser and every option it knows."""

    def say(key: str) -> str:
        return WORDS(f"cli-{key}", language)

    every = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    every.add_argument("--lang", choices=("zh", "zh-CN", "en"), help=say("lang"))
    serving = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    serving.add_argument("--host", help=say("host"))
    serving.add_argument("--port", type=int, help=say("port"))
    serving.add_argument("--speed", type=float, metavar="S", help=say("speed"))
    serving.add_argument("--rate", type=float, metavar="R", help=say("rate"))
    whole = _Parser(
        prog="python app.py", description=say("what"), parents=[every, serving], allow_abbrev=False
    )
    whole.add_argument("--city", type=Path, metavar="CITY.toml", help=say("city"))
    whole.set_defaults(command=None, adcode=DEMO_ADCODE)
    commands = whole.add_subparsers(dest="command", title=say("commands"), metavar="")
    importing = commands.add_parser(
        "import", help=say("import"), parents=[every], allow_abbrev=False
    )
    importing.add_argument("city_file", type=Path, metavar="CITY.toml", help=say("city"))
    importing.add_argument("--check", action="store_true", help=say("check"))
    importing.add_argument("--json", action="store_true", help=say("json"))
    demo = commands.add_parser(
        "demo", help=say("demo"), parents=[every, serving], allow_abbrev=False
    )
    demo.add_argument("--adcode", metavar="N", default=DEMO_ADCODE, help=say("adcode"))
    known = (whole, importing, demo)
    return whole, sorted({option for each in known for option in each._option_string_actions})


def _given(typed: argparse.Namespace) -> dict[str, object]:
    """Return what was typed as settings."""
    asked = vars(typed)
    language = asked.get("lang")
    return {
        "city": asked.get("city"),
        "host": asked.get("host"),
        "port": asked.get("port"),
        "simulator_speed": asked.get("speed"),
        "simulator_rate": asked.get("rate"),
        "language": None if language is None else "en" if language == "en" else "zh-CN",
    }


def _import(typed: argparse.Namespace, environment: Mapping[str, str], language: str) -> int:
    city = read_city(typed.city_file)
    settings = settings_with_city(environment, city=typed.city_file)
    path = store_path(settings, city.code)
    with _progress(language) as tell:
        report = import_city(
            typed.city_file, path, datetime.now(UTC), check=typed.check, progress=tell
        )
    if typed.json:
        print(report.as_json(language))
    else:
        Console().print(report.as_table(language))
    if not typed.check:
        _say("cli-imported", language, path=path, city=typed.city_file)
    return report.exit_code


def _serve(
    typed: argparse.Namespace, serve: Serve, environment: Mapping[str, str], language: str
) -> int:
    given = _given(typed)
    if typed.command == "demo":
        # A demo city was asked for by name: a city file in the environment does not change that.
        environment = {key: environment[key] for key in environment if key != "YIPING_CITY"}
    settings = settings_with_city(environment, **given)
    # The port first: nobody should wait for a city to be made and then hear that it is busy.
    with listening(settings.host, settings.port) as door:
        with _progress(language) as tell:
            provided = provide(settings, datetime.now(UTC), adcode=typed.adcode, progress=tell)
        if provided.report is not None:
            Console(stderr=True).print(provided.report.as_table(language))
        host, port = door.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        values = {"name": provided.store.city.name(language), "address": f"http://{shown}:{port}"}
        try:
            serve(settings, provided, door, lambda: _say("cli-ready", language, **values))
        finally:
            provided.store.close()
    _say("cli-stopped", language)
    return 0


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens, so that nobody else takes the port while a city is made.

    Raises
    ------
    InputError
        Exit code 4: the port is busy or needs more rights, or the host is not this machine's.
    """
    values: dict[str, object] = {"host": host, "port": port}
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        door = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(Fault("bad-host", values=values), exit_code=PORT_EXIT) from error
    with door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(address)
            door.listen(2048)
        except OSError as error:
            key = {EADDRINUSE: "port-busy", EACCES: "port-forbidden"}.get(error.errno or 0)
            values["other"] = port + 1 if port < _LAST_PORT else port - 1
            fault = Fault(key or "bad-host", values=values)
            raise InputError(fault, exit_code=PORT_EXIT) from error
        yield door


@contextmanager
def _progress(language: str) -> Iterator[Callable[[str, float], None]]:
    """Draw a bar on standard error while something is made; in a log file, a line a step."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _step_lines(language)
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)

        def tell(step: str, share: float) -> None:
            text = GEO_WORDS(f"step-{step}", language)
            bar.update(task, description=text, completed=share, visible=True)

        yield tell


def _step_lines(language: str) -> Callable[[str, float], None]:
    told = ""

    def tell(step: str, _share: float) -> None:
        nonlocal told
        if step != told:
            _print(GEO_WORDS(f"step-{step}", language))
            told = step

    return tell


def _say(key: str, language: str, **values: object) -> None:
    _print(WORDS(key, language, **values))


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
