"""A running server for tests and benches: the real app under uvicorn, in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import uvicorn

from dashboard.server import create_server
from geo_data.settings import Settings
from geo_data.store import Store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """Starts, stops and starts again on the same port, as a server in a hall would."""

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.store = store
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._clock = clock or (lambda: datetime.now(UTC))
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Served:
        app = create_server(self._settings, self.store, self._clock)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="critical", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        if self._server and self._thread:
            # Not by force: that would leave its other threads at work on the store.
            self._server.should_exit = True
            self._thread.join(60)
            assert not self._thread.is_alive(), "the server did not stop"
