"""Wiring: settings, store, clock and server to one app; ``python app.py`` runs it."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI

from dashboard import command_line
from dashboard.clock import city_clock
from dashboard.server import create_server
from geo_data.provision import Provided, provide, settings_with_city
from geo_data.settings import Settings

GRACE_S = 1
"""How long open live streams may hold up the end."""


class CutStreams(logging.Filter):
    """Keeps the log still about live streams that are cut when the server ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        cut = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not cut and "graceful shutdown exceeded" not in record.getMessage()


def create_app(settings: Settings | None = None, provided: Provided | None = None) -> FastAPI:
    """Return the ASGI app of a city.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment unless given.
    provided : Provided, optional
        An open store; opened, imported or made as the settings ask unless given.

    Raises
    ------
    InputError
        The settings, the city file or the store cannot be used.
    """
    settings = settings or settings_with_city()
    store = (provided or provide(settings, datetime.now(UTC))).store
    return create_server(settings, store, city_clock(settings.simulator_speed))


def serve(
    settings: Settings, provided: Provided, door: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve a city on a listening socket until told to stop; ``ready`` is called before."""
    app = create_app(settings, provided)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    ready()
    logging.getLogger("uvicorn.error").addFilter(CutStreams())
    try:
        uvicorn.Server(config).run(sockets=[door])
    except KeyboardInterrupt:
        # The way a person ends it; uvicorn has closed everything before it says so.
        return


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; return the exit code."""
    return command_line.run(sys.argv[1:] if arguments is None else arguments, serve)


if __name__ == "__main__":
    sys.exit(main())
