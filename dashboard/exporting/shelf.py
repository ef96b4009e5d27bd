"""The folder of exported files: how long they are kept, and what a killed program left there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from geo_data.exports import ExportRecord, State, register
from geo_data.extracts.whole_file import PART
from geo_data.settings import Settings
from geo_data.store import Store

MB = 1 << 20


def tidy(store: Store, settings: Settings, at: datetime) -> list[str]:
    """Remove files that are kept no longer; their records say since when.

    Parameters
    ----------
    store, settings
        ``keep_exports_days`` and ``keep_exports_mb`` say how long and how much.
    at : datetime
        Now, aware.

    Returns
    -------
    list of str
        The numbers whose files went.
    """
    kept = [record for record in register.in_state(store, State.DONE) if record.has_file]
    gone = list(_too_many(kept, settings, at))
    for record in gone:
        path_of(settings, record).unlink(missing_ok=True)
        register.removed(store, record.number, at)
    return [record.number for record in gone]


def _too_many(kept: list[ExportRecord], settings: Settings, at: datetime) -> Iterator[ExportRecord]:
    """Yield what is too old, and the oldest until the rest has room."""
    oldest = at - timedelta(days=settings.keep_exports_days)
    total = sum(record.bytes or 0 for record in kept)
    for record in sorted(kept, key=lambda one: one.finished_at or one.created_at):
        late = (record.finished_at or record.created_at) < oldest
        if late or total > settings.keep_exports_mb * MB:
            total -= record.bytes or 0
            yield record


def folder_of(settings: Settings) -> Path:
    """Return the folder of exported files, whole."""
    return settings.export_folder.absolute()


def path_of(settings: Settings, record: ExportRecord) -> Path:
    """Return where the file of a record is, or was."""
    return folder_of(settings) / (record.file or record.number)


def clear_parts(folder: Path) -> None:
    """Take away what was being written when a program was killed."""
    if folder.is_dir():
        for left in folder.glob(f"*{PART}.*"):
            left.unlink(missing_ok=True)
