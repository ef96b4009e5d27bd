"""A file that is there as a whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyogrio.errors import DataSourceError, FeatureError, GeometryError

from geo_data.faults import Fault, InputError

PART = ".part"
"""In the names of files that are still being written."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_SAID = ("disk is full", "No space left", "database or disk", "disk I/O")
_LITTLE = 1 << 20
"""With less room than this, a library that failed without a reason had none."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the name to write to; the file is put in its place when all of it is on the disk.

    Raises
    ------
    InputError
        The disk is full, or the folder cannot be written. Nothing is left then.
    """
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What a program that was killed left there is no start to go on from.
        _remove(part)
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise _fault(path, error.strerror or str(error), error.errno in _FULL) from error
    except (DataSourceError, FeatureError, GeometryError, sqlite3.Error, RuntimeError) as error:
        full = any(sign in str(error) for sign in _FULL_SAID) or _has_no_room(path)
        if not full and isinstance(error, RuntimeError):
            raise
        raise _fault(path, str(error), full) from error
    finally:
        _remove(part)


def part_of(path: Path) -> Path:
    """Return the name a file has while it is written: its ending stays, libraries go by it.

    Hidden, so that no file of somebody's has it.
    """
    stem, ending = path.name.partition(".")[::2]
    return path.with_name(f".{stem}{PART}.{ending}")


def _remove(part: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        # What cannot be removed is told by whoever writes, or was never there.
        with suppress(OSError):
            Path(f"{part}{ending}").unlink()


def _has_no_room(path: Path) -> bool:
    return path.parent.is_dir() and shutil.disk_usage(path.parent).free < _LITTLE


def _fault(path: Path, error: str, full: bool) -> InputError:
    key = "export-disk-full" if full else "export-not-written"
    return InputError(Fault(key, file=path.name, values={"error": error}))
