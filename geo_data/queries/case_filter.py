"""Which cases one asks for: how they stand, of what trait; as conditions at any moment.

An open, overdue or due-soon case is meant however long ago it was reported; every other filter
chooses among the cases reported in a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from geo_data.case_stages import STATES
from geo_data.queries.hindsight import (
    Moment,
    Row,
    as_known,
    last_stage,
    shown_columns,
    was_known,
    was_open,
)
from geo_data.records import Severity, Stage
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.tables import ENDED_KEYS

Standing = Literal["open", "overdue", "due-soon", "closed"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What is asked of a case; ``None`` asks nothing.

    Parameters
    ----------
    standing : str or None
        ``open``, ``overdue`` (open, past its limit), ``due-soon`` (open, in time, little of its
        limit left) or ``closed`` (ended).
    channel : str or None
        Key of a channel.
    category : str or None
        Two digits of a major class, or four of a minor one.
    stage, severity : optional
        As known at the moment asked about.
    """

    standing: Standing | None = None
    channel: str | None = None
    category: str | None = None
    stage: Stage | None = None
    severity: Severity | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it lets every case through."""
        return self == CaseFilter()

    @property
    def is_of_open_cases(self) -> bool:
        """Whether open cases are meant, however long ago they were reported."""
        return self.standing is not None and self.standing != "closed"

    @property
    def is_by_limit(self) -> bool:
        """Whether the time limit chooses the cases: the most urgent then comes first."""
        return self.standing in ("overdue", "due-soon")

    def said(self) -> dict[str, str]:
        """Write it as the keys and values of an address, without what asks nothing.

        Examples
        --------
        >>> CaseFilter(standing="open", severity=Severity.MAJOR).said()
        {'cases': 'open', 'severity': '2'}
        """
        pairs = {
            "cases": self.standing,
            "channel": self.channel,
            "category": self.category,
            "stage": self.stage,
            "severity": self.severity and int(self.severity),
        }
        return {key: str(value) for key, value in pairs.items() if value is not None}

    @classmethod
    def read(cls, said: Mapping[str, str]) -> CaseFilter:
        """Read what :meth:`said` wrote; what means nothing asks nothing.

        Examples
        --------
        >>> CaseFilter.read({"cases": "open", "severity": "9"})
        CaseFilter(standing='open', channel=None, category=None, stage=None, severity=None)
        """
        standing = next((one for one in STANDINGS if one == said.get("cases")), None)
        stage = next((one for one in STATES if one == said.get("stage")), None)
        severity = next((one for one in Severity if str(int(one)) == said.get("severity")), None)
        channel, category = said.get("channel") or None, said.get("category") or None
        return cls(standing, channel, category, stage, severity)


EVERY_CASE = CaseFilter()


def asked_for(store: Store, connection: Connection, only: CaseFilter, moment: Moment) -> Conditions:
    """Return the conditions that a case was known at the moment and is one of those asked for."""
    traits = _traits(store, only)
    if moment.is_now:
        return [*traits, *_stands(store, only, moment.at)]
    known = was_known(store, moment)
    if only.standing is None and only.stage is None:
        return [*traits, known]
    if moment.changed is None:
        return [*traits, known, *_stood(store, connection, only, moment)]
    incident_id = store.tables.incidents.c.id
    then = [
        one
        for one, row in moment.changed.items()
        if row is not None and is_asked_for(row, only, moment.at)
    ]
    unchanged = and_(~one_of(incident_id, moment.changed), known, *_stands(store, only, moment.at))
    return [*traits, or_(unchanged, one_of(incident_id, then))]


def is_asked_for(row: Row, only: CaseFilter, at: datetime) -> bool:
    """Whether a case, as it was known at ``at``, is one of those asked for."""
    return (
        only.channel in (None, row["channel"])
        and row["category"].startswith(only.category or "")
        and (only.severity is None or int(only.severity) == row["severity"])
        and only.stage in (None, row["stage"])
        and (only.standing is None or only.standing in standings(row, at))
    )


def standings(row: Row, at: datetime) -> tuple[Standing, ...]:
    """Return how a case, as it was known at ``at``, stands."""
    if row["ended_at"] is not None:
        return ("closed",)
    due_at, soon_at = row["due_at"], row["due_soon_at"]
    if due_at is not None and at > due_at:
        return ("open", "overdue")
    if due_at is not None and soon_at is not None and soon_at <= at:
        return ("open", "due-soon")
    return ("open",)


def _traits(store: Store, only: CaseFilter) -> Conditions:
    table = store.tables.incidents
    wanted: Conditions = []
    if only.channel is not None:
        wanted.append(table.c.channel == only.channel)
    if only.category is not None:
        wanted.append(table.c.category.startswith(only.category, autoescape=True))
    if only.severity is not None:
        wanted.append(table.c.severity == int(only.severity))
    return wanted


def _stands(store: Store, only: CaseFilter, at: datetime) -> Conditions:
    """Return conditions on how a case stands by what is known now, with clocks read at ``at``."""
    table = store.tables.incidents
    is_open = table.c.ended_at.is_(None)
    wanted: Conditions = []
    if only.is_of_open_cases:
        wanted.append(is_open)
    if only.standing == "overdue":
        wanted.append(table.c.due_at < at)
    elif only.standing == "due-soon":
        wanted += [table.c.due_soon_at <= at, table.c.due_at >= at]
    elif only.standing == "closed":
        wanted.append(~is_open)
    if only.stage is not None:
        wanted.append(table.c.stage == str(only.stage))
    return wanted


def _stood(store: Store, connection: Connection, only: CaseFilter, moment: Moment) -> Conditions:
    """Return conditions on how a case stood, out of its steps known by then."""
    wanted: Conditions = []
    stage_then = last_stage(store, moment.at)
    if only.stage is not None:
        wanted.append(stage_then == str(only.stage))
    if only.standing == "closed":
        wanted.append(stage_then.in_(ENDED_KEYS))
    elif only.is_by_limit:
        wanted.append(
            one_of(store.tables.incidents.c.id, _by_limit(store, connection, only, moment))
        )
    elif only.standing == "open":
        wanted.append(was_open(store, moment))
    return wanted


def _by_limit(store: Store, connection: Connection, only: CaseFilter, moment: Moment) -> list[int]:
    """Ids of the cases whose limit stood so: the clock of each open one is run again."""
    found = connection.execute(
        select(*shown_columns(store)).where(was_open(store, moment), *_traits(store, only))
    ).mappings()
    known = as_known(store, connection, [dict(row) for row in found], moment)
    return [row["id"] for row in known if only.standing in standings(row, moment.at)]
