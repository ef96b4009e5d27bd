"""Live streams that are cut when the server ends are no news."""

from __future__ import annotations

import asyncio
import logging


class CutStreams(logging.Filter):
    """Keeps the log still about live streams that are cut when the server ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        cut = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not cut and "graceful shutdown exceeded" not in record.getMessage()
