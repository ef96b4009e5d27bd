"""Wiring: settings, store, clock and server to one app; ``python app.py`` runs it."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from dashboard import commands
from dashboard.clock import city_clock
from geo_data.provision import Provided, provide, settings_with_city
from geo_data.settings import Settings
from geo_data.store import Store

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_S = 1
"""How long open live streams may hold up the end."""


def create_app(
    settings: Settings | None = None,
    provided: Provided | None = None,
    clock: Callable[[], datetime] | None = None,
) -> FastAPI:
    """Return the ASGI app of a city.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment unless given.
    provided : Provided, optional
        An open store; opened, imported or made as the settings ask unless given.
    clock : callable, optional
        The city's present moment; real time, or the time lapse of the settings, unless given.

    Raises
    ------
    InputError
        The settings, the city file or the store cannot be used.
    """
    from dashboard.server import create_server

    settings = settings or settings_with_city()
    store = (provided or provide(settings, datetime.now(UTC))).store
    server = create_server(settings, store, clock or city_clock(settings.simulator_speed))
    server.state.font.content()  # Cut before the first page asks for it.
    return server


@contextmanager
def living(settings: Settings, store: Store, clock: Callable[[], datetime]) -> Iterator[None]:
    """Let a demo city go on living beside what is done inside; a real one lives by itself."""
    from geo_data.demo.simulator import simulate

    stop = Event()
    if not store.city.demo or settings.simulator_rate == 0:
        yield
        return
    told = (store, settings.simulator_rate, clock, stop)
    thread = Thread(target=simulate, args=told, name="simulator", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(GRACE_S * 10)


def serve(
    settings: Settings, provided: Provided, door: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve a city on a listening socket until told to stop; ``ready`` is called before."""
    import uvicorn

    clock = city_clock(settings.simulator_speed)
    app = create_app(settings, provided, clock)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    ready()
    logging.getLogger("uvicorn.error").addFilter(commands.CutStreams())
    # Ctrl+C is how a person ends it; uvicorn has closed everything before it says so.
    with living(settings, provided.store, clock), suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[door])


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; return the exit code."""
    return commands.run(sys.argv[1:] if arguments is None else arguments, serve)


if __name__ == "__main__":
    sys.exit(main())
