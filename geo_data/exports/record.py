"""The record of one export: what was asked for, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from geo_data.exports.request import ExportRequest
from geo_data.faults import Fault
from geo_data.records import Scope


class State(StrEnum):
    """How far an export is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


COMMAND_LINE = "cli:"
"""Where those are asked from that the command line makes itself; their files are not kept here."""
OVER = frozenset({State.DONE, State.FAILED, State.CANCELLED})
"""States that never change again."""


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """One line of the register; it stays when its file has gone.

    Parameters
    ----------
    number : str
        编号: city, day of the city's clock, and which export of that day.
    request : ExportRequest
        What was asked for, with its region and moment.
    scope : Scope
        What the one who asked might see.
    region_code : str
        Region of the request.
    created_at, started_at, finished_at, removed_at : datetime
        When it was asked for, begun (last), over, and when its file was removed.
    asked_by, asked_from : str
        Who says to have asked, and the address it came from.
    link : str
        The address at which people find the record; the number where nobody knows it.
    attempts : int
        How often it was begun.
    step, share : str, float
        What is being done, and how much of it, 0 to 1.
    file, bytes, sha256
        Name, size and digest of the file.
    faults : tuple of Fault
        Why it failed.
    """

    number: str
    state: State
    request: ExportRequest
    scope: Scope
    region_code: str
    known_at: datetime
    created_at: datetime
    asked_by: str
    asked_from: str
    link: str
    attempts: int = 0
    step: str | None = None
    share: float | None = None
    file: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    faults: tuple[Fault, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will become of it any more."""
        return self.state in OVER

    @property
    def is_of_command_line(self) -> bool:
        """Whether the command line makes it, and no process that serves."""
        return self.asked_from.startswith(COMMAND_LINE)

    @property
    def has_file(self) -> bool:
        """Whether its file is kept."""
        return self.state is State.DONE and self.removed_at is None
