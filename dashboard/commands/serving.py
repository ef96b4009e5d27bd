"""``python app.py``: a city served until it is stopped."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import EACCES, EADDRINUSE
from pathlib import Path

from rich.console import Console

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from geo_data.faults import Fault, InputError
from geo_data.provision import DEMO_ADCODE, provide, settings_with_city

PORT_EXIT = 4
_LAST_PORT = 65_535


def serving_options(parser: Parser, wording: Wording) -> None:
    """Add what every command that serves takes; what is not typed is left to the settings."""
    left = argparse.SUPPRESS
    parser.add_argument("--host", default=left, help=wording("host"))
    parser.add_argument("--port", type=int, default=left, help=wording("port"))
    parser.add_argument("--speed", type=float, metavar="S", default=left, help=wording("speed"))
    parser.add_argument("--rate", type=float, metavar="R", default=left, help=wording("rate"))


def serve_city(asked: Asked, environment: Mapping[str, str], adcode: str = DEMO_ADCODE) -> int:
    """Open a city, making it first where needed, and serve it until stopped."""
    language = asked.language
    settings = settings_with_city(environment, **_given(asked.typed))
    # The port first: nobody should wait for a city to be made and then hear that it is busy.
    with listening(settings.host, settings.port) as door:
        with progress(language) as tell:
            provided = provide(settings, asked.now(), adcode=adcode, progress=tell)
        if provided.report is not None:
            Console(stderr=True).print(provided.report.as_table(language))
        host, port = door.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        values = {"name": provided.store.city.name(language), "address": f"http://{shown}:{port}"}
        try:
            asked.serve(settings, provided, door, lambda: say("cli-ready", language, **values))
        finally:
            provided.store.close()
    say("cli-stopped", language)
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


def _options(parser: Parser, wording: Wording) -> None:
    serving_options(parser, wording)
    parser.add_argument("--city", type=Path, metavar="CITY.toml", help=wording("city"))


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


SERVE = Command("serve", _options, lambda asked: serve_city(asked, asked.environment))
