"""A folder into which somebody puts files: each is taken once, then lies in ``done`` or ``failed``.

A file is looked at twice before it is read: while it grows it is left alone. How many of its rows
were taken is kept in our store with them, under a digest of the file, so a process that is killed
between two commits, or before it moved the file away, goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import logging
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from geo_data.faults import Fault, InputError
from geo_data.ingest.files import Rows, placed, rows_of
from geo_data.ingest.receiving import Received, receive
from geo_data.intakes import Intake
from geo_data.store import STORE_EXIT, Store
from geo_data.store.meta import keep, kept
from geo_data.ways_in import Folder

ROWS = 1_000
"""Of one transaction."""
LOOK_S = 0.5
REMEMBERED = 100
"""Files whose content is known: the newest."""
DONE, FAILED = "done", "failed"
REPORT = ".report.txt"
LISTED = 1_000
"""Refused rows in the report of a file."""
_UNFINISHED = frozenset(
    {".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".writing", ".lock"}
)

Look = tuple[int, int]
"""Size and time of change of a file."""

log = logging.getLogger(__name__)


def watch(
    store: Store,
    intake: Intake,
    clock: Callable[[], datetime],
    goes_on: Callable[[], bool],
    _environment: Mapping[str, str],
    contact: Callable[[], None],
) -> None:
    """Take the files of a folder, while ``goes_on()``; ``contact()`` is told that it is there.

    Raises
    ------
    InputError
        There is no such folder, a file cannot be moved away, or our store cannot be written.
    """
    assert intake.folder is not None
    watcher = Watcher(store, intake, clock)
    while goes_on():
        watcher.round(goes_on)
        contact()
        ends = time.monotonic() + intake.folder.every_s
        while goes_on() and (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_S))


@dataclass(frozen=True, slots=True)
class Taken:
    """How far a file was taken: its rows, how many of them were refused, and whether to its end."""

    rows: int = 0
    refused: int = 0
    whole: bool = False


@dataclass(slots=True)
class Report:
    """What is wrong with a file, for whoever put it there."""

    faults: list[Fault] = field(default_factory=list)
    more: int = 0

    def add(self, faults: Sequence[Fault]) -> None:
        """Add the faults of a row."""
        room = max(LISTED - len(self.faults), 0)
        self.faults += faults[:room]
        self.more += len(faults[room:])

    def text(self) -> str:
        """Return it in both languages."""
        lines = [fault.sentence(language) for language in ("zh-CN", "en") for fault in self.faults]
        more = [f"… + {self.more}"] if self.more else []
        return "\n".join([*lines, *more]) + "\n"


class Stuck(InputError):
    """A file that was taken and cannot be moved away; those behind it are taken all the same."""


class Watcher:
    """Takes the files of one folder.

    Parameters
    ----------
    store : Store
    intake : Intake
        With a ``folder``.
    clock : callable
        The present moment, aware.
    """

    def __init__(self, store: Store, intake: Intake, clock: Callable[[], datetime]) -> None:
        assert intake.folder is not None
        self.way: Folder = intake.folder
        self._store, self._intake, self._clock = store, intake, clock
        self._looks: dict[Path, Look] = {}

    def round(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Take every file that has not changed since the last round, the oldest first."""
        looks = dict(_files(self.way))
        settled = [path for path, look in looks.items() if self._looks.get(path) == look]
        self._looks = looks
        stuck: list[InputError] = []
        for path in sorted(settled, key=lambda path: (looks[path][1], path.name)):
            if not goes_on():
                return
            try:
                self._take(path, looks[path], goes_on)
            except Stuck as error:
                stuck.append(error)
        if stuck:
            raise stuck[0]

    def _take(self, path: Path, look: Look, goes_on: Callable[[], bool]) -> None:
        report = Report()
        try:
            digest = _digest(path)
            taken = self._known().get(digest, Taken())
            if not taken.whole:
                taken = self._take_rows(path, digest, taken, report, goes_on)
        except FileNotFoundError:
            return  # Somebody took it back.
        except InputError as error:
            if error.exit_code == STORE_EXIT:
                raise
            report.add([placed(fault, path.name, fault.row) for fault in error.faults])
            self._put(path, FAILED, report)
            return
        # What somebody put in its place meanwhile was not read.
        if taken.whole and _look(path) == look:
            nothing = taken.refused == taken.rows
            self._put(path, FAILED if nothing and taken.rows else DONE, report)
            # Its refused rows may be told again once somebody has mended what was missing.
            if taken.refused:
                self._forget(digest)

    def _take_rows(
        self,
        path: Path,
        digest: str,
        taken: Taken,
        report: Report,
        goes_on: Callable[[], bool],
    ) -> Taken:
        rows = _read(path, self.way)
        while True:
            batch = rows[taken.rows : taken.rows + ROWS]
            taken = self._take_batch(path.name, digest, batch, taken, len(rows), report)
            if taken.whole or not goes_on():
                return taken

    def _take_batch(
        self, name: str, digest: str, batch: Rows, taken: Taken, length: int, report: Report
    ) -> Taken:
        done = taken

        def beside(connection: Connection, became: Sequence[Received]) -> None:
            nonlocal done
            refused = taken.refused + sum(bool(one.faults) for one in became)
            rows = taken.rows + len(batch)
            done = Taken(rows, refused, rows == length)
            self._keep(connection, digest, done)

        def place(row: int, fault: Fault) -> Fault:
            return placed(fault, name, batch[row][0])

        told = [message for _, message in batch]
        for one in receive(self._store, self._intake, told, self._clock(), beside, place):
            report.add(one.faults)
        return done

    def _known(self) -> dict[str, Taken]:
        with self._store.read() as connection:
            return self._known_in(connection)

    def _known_in(self, connection: Connection) -> dict[str, Taken]:
        text = kept(connection, self._store.tables, self._key)
        return {digest: Taken(*told) for digest, told in json.loads(text or "{}").items()}

    def _keep(self, connection: Connection, digest: str, taken: Taken | None) -> None:
        known = self._known_in(connection)
        known.pop(digest, None)
        if taken is not None:
            known[digest] = taken
        newest = list(known.items())[-REMEMBERED:]
        told = {key: (one.rows, one.refused, one.whole) for key, one in newest}
        keep(connection, self._store.tables, self._key, json.dumps(told))

    def _forget(self, digest: str) -> None:
        with self._store.write() as connection:
            self._keep(connection, digest, None)

    @property
    def _key(self) -> str:
        return f"read/{self._intake.key}"

    def _put(self, path: Path, where: str, report: Report) -> None:
        """Move a file away, with its report beside it; never over another one."""
        folder = self.way.path / where
        try:
            folder.mkdir(exist_ok=True)
            target = _free(folder / path.name)
            if report.faults:
                Path(f"{target}{REPORT}").write_text(report.text(), encoding="utf-8")
            path.rename(target)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Stuck(_wrong("file-not-moved", error, path)) from error
        self._looks.pop(path, None)
        log.info("intake %s: %s is in %s", self._intake.key, path.name, where)


def waiting(way: Folder) -> list[Path]:
    """Return the files that lie in a folder to be taken, the oldest first.

    Raises
    ------
    InputError
        ``no-folder``.
    """
    looks = dict(_files(way))
    return sorted(looks, key=lambda path: (looks[path][1], path.name))


def _files(way: Folder) -> Iterator[tuple[Path, Look]]:
    try:
        for path in way.path.iterdir():
            look = _look(path)
            if look is not None and not _is_unfinished(path):
                yield path, look
    except OSError as error:
        raise InputError(_wrong("no-folder", error, way.path)) from error


def _wrong(key: str, error: OSError, path: Path) -> Fault:
    return Fault(key, file=str(path), values={"error": error.strerror or error})


def _read(path: Path, way: Folder) -> Rows:
    try:
        return rows_of(path, way)
    except (InputError, FileNotFoundError):
        raise
    except Exception as error:  # A reader may stumble in a hundred ways over rubbish.
        raise InputError(Fault("unreadable", values={"error": error})) from error


def _look(path: Path) -> Look | None:
    """Return size and time of change; ``None`` where it is no file, or there no longer."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return None
    return (known.st_size, known.st_mtime_ns) if stat.S_ISREG(known.st_mode) else None


def _is_unfinished(path: Path) -> bool:
    name = path.name
    return name.startswith((".", "~")) or name.endswith("~") or path.suffix.lower() in _UNFINISHED


def _digest(path: Path) -> str:
    """Return what tells files apart: their names and what is in them."""
    made = hashlib.sha256(path.name.encode("utf-8", "backslashreplace") + b"\0")
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            made.update(part)
    return made.hexdigest()[:32]


def _free(path: Path) -> Path:
    """Return a path that nothing has: with a number before its ending where need be."""
    number, free = 1, path
    while free.exists() or Path(f"{free}{REPORT}").exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
