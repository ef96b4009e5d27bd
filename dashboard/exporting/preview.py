"""A small picture of a sheet before it is asked for: made by the same process, never numbered."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock

from dashboard.exporting.job import Job
from dashboard.exporting.making import Order, check, template_of
from geo_data.exports import ExportRequest, Format
from geo_data.faults import Fault, InputError
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from layers.print import template

WIDTH_PX = 960
MOST_S = 60.0
KEPT_S = 30.0
_TICK_S = 0.05
_INCH_MM = 25.4


class Previews:
    """Makes previews, one at a time; the last one is kept for a moment.

    Parameters
    ----------
    store, settings, clock
        As of the queue.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._turn = Lock()
        self._last: tuple[str, float, bytes] | None = None

    def picture(self, scope: Scope, asked: ExportRequest) -> bytes:
        """Return a PNG about 960 pixels wide.

        Raises
        ------
        InputError
            The sheet cannot be made, or another preview takes too long.
        """
        # Of an atlas, which is a PDF, the first page is shown.
        whole = asked if asked.atlas is None else asked.model_copy(update={"format": Format.PDF})
        request = check(self._store, scope, whole, self._clock())
        request = request.model_copy(update={"format": Format.PNG})
        key = f"{scope!r} {asked.model_dump_json()}"
        if not self._turn.acquire(timeout=MOST_S):
            raise InputError(Fault("export-timeout", values={"seconds": f"{MOST_S:.0f}"}))
        try:
            if self._last and self._last[0] == key and time.monotonic() - self._last[1] < KEPT_S:
                return self._last[2]
            body = self._made(scope, request)
            self._last = (key, time.monotonic(), body)
            return body
        finally:
            self._turn.release()

    def _made(self, scope: Scope, request: ExportRequest) -> bytes:
        wide_mm = template(template_of(request)).width
        with tempfile.TemporaryDirectory(prefix="yiping-preview-") as folder:
            order = Order(
                number="",
                request=request,
                scope=scope,
                made_at=self._clock(),
                link="",
                folder=Path(folder),
                dpi=round(WIDTH_PX * _INCH_MM / wide_mm),
            )
            job = Job(order, self._store.address, self._settings.export_memory_mb, MOST_S)
            while not job.is_over():
                time.sleep(_TICK_S)
            if job.made is None:
                raise InputError(*job.faults())
            return order.path.read_bytes()
