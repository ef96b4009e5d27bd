"""The words every package uses: what a region, a place, a sensor, an incident is.

Times are aware UTC. Order is always ``lon, lat`` in EPSG:4326 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from geo_data.ladders import Severity as Severity
from geo_data.ladders import WarningLevel

FUNCTIONAL = "functional"
"""Level of the areas beside the drill chain (经开区): shown beside, never added."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What this viewer may see. Every read takes one.

    Parameters
    ----------
    region_code : str or None
        Root of the visible subtree; ``None`` is the whole city.
    kinds : frozenset of str or None
        Place and sensor kinds that may be seen; ``None`` is all.
    masked : frozenset of str
        Attribute names whose values are withheld (shown as ``***``).
    """

    region_code: str | None = None
    kinds: frozenset[str] | None = None
    masked: frozenset[str] = frozenset()

    @classmethod
    def everything(cls) -> Scope:
        """Return the scope of someone who may see the whole city."""
        return cls()

    def sees_kind(self, kind: str) -> bool:
        """Whether places and sensors of ``kind`` are visible."""
        return self.kinds is None or kind in self.kinds


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time ``[start, end)``, both aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs aware times")
        if self.end <= self.start:
            raise ValueError("a window ends after it starts")

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    def previous(self) -> Window:
        """Return the window of the same length that ends where this one starts."""
        return Window(self.start - self.length, self.start)


@dataclass(frozen=True, slots=True)
class Region:
    """An area of the drill chain, or a functional area beside it.

    ``bbox`` is ``(west, south, east, north)`` in degrees, ``area_km2`` is measured in the
    city's metric CRS, ``population`` is residents or ``None`` where nobody said.
    """

    code: str
    parent_code: str | None
    level: str
    kind: str
    name: str
    bbox: tuple[float, float, float, float]
    lon: float
    lat: float
    area_km2: float
    population: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An object of the city: village/residential area, park, building, POI ...

    ``region_code`` is the finest region that holds it, ``site_code`` the place it stands in
    (a building's residential area or park), ``None`` where there is none.
    """

    code: str
    kind: str
    name: str
    region_code: str
    lon: float
    lat: float
    site_code: str | None = None
    address: str | None = None
    floors: int | None = None
    use: str | None = None
    attributes: dict[str, object] = field(default_factory=dict)
    bbox: tuple[float, float, float, float] | None = None


class SensorState(IntEnum):
    """State of a sensor as drawn; the numbers travel in binary buffers."""

    NORMAL = 0
    WARNING = 1
    ALARM = 2
    OFFLINE = 3


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor with its latest reading; ``value`` is ``None`` if it never reported.

    ``period_s`` is how often it should report: late is judged by it.
    """

    code: str
    kind: str
    name: str
    metric: str
    unit: str
    region_code: str
    lon: float
    lat: float
    period_s: int
    place_code: str | None = None
    value: float | None = None
    observed_at: datetime | None = None
    state: SensorState = SensorState.OFFLINE


class Stage(StrEnum):
    """The closed loop of a case; side branches after the main line, what is noted beside it last.

    Which may follow which, and what they mean: :mod:`geo_data.case_stages`.
    """

    FOUND = "found"
    ACCEPTED = "accepted"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLED = "handled"
    VERIFIED = "verified"
    CLOSED = "closed"
    EVALUATED = "evaluated"
    SUPERVISED = "supervised"
    RETURNED = "returned"
    EXTENDED = "extended"
    REWORKED = "reworked"
    SUSPENDED = "suspended"
    VOIDED = "voided"
    MERGED = "merged"
    SIGNED = "signed"
    CONTACTED = "contacted"
    RESOLVED = "resolved"
    EXPLAINED = "explained"
    SATISFIED = "satisfied"
    FAIRLY_SATISFIED = "fairly-satisfied"
    NEUTRAL = "neutral"
    UNSATISFIED = "unsatisfied"


@dataclass(frozen=True, slots=True)
class StageChange:
    """One step of a case; ``recorded_at`` is when we learned of it."""

    stage: Stage
    happened_at: datetime
    recorded_at: datetime
    actor: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A case as known at some time.

    ``code`` is the number people quote, ``category`` major + minor (``"0102"``), ``due_at`` when
    handling must be done (``None`` before dispatch, while the clock stands still, and without a
    limit), ``due_soon_at`` from when on little of the limit is left, ``region_code`` the finest
    region at ingest (``None`` outside the city), ``located_by`` how it was placed (``"point"``,
    ``"region"``, ``"place"``, ``"address"``, ``"name"``, ``"outside"``).
    """

    id: int
    code: str
    source: str
    source_id: str
    title: str
    channel: str
    category: str
    severity: Severity
    stage: Stage
    stage_at: datetime
    happened_at: datetime
    reported_at: datetime
    recorded_at: datetime
    lon: float | None
    lat: float | None
    region_code: str | None
    place_code: str | None
    address: str | None
    located_by: str
    due_at: datetime | None
    ended_at: datetime | None
    due_soon_at: datetime | None = None

    def is_overdue(self, at: datetime) -> bool:
        """Whether the case is open and past its time limit at ``at``."""
        return self.ended_at is None and self.due_at is not None and at > self.due_at

    def is_due_soon(self, at: datetime) -> bool:
        """Whether the case is open at ``at``, in time, and little of its limit is left."""
        if self.ended_at is not None or self.due_at is None or self.due_soon_at is None:
            return False
        return self.due_soon_at <= at <= self.due_at


class AlarmChange(StrEnum):
    """What can become of an alarm."""

    RAISED = "raised"
    WORSENED = "worsened"
    EASED = "eased"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    OPENED = "opened"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class AlarmStep:
    """One step of an alarm; ``at`` is when we learned of it.

    ``level`` is the alarm's after it, ``value`` the measure that led to it, ``who`` whoever
    acknowledged it or is now told of it, ``note`` the number of the case that was opened.
    """

    change: AlarmChange
    at: datetime
    level: WarningLevel
    value: float | None = None
    who: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as known at some time.

    ``rule`` is the key of its rule, ``sensor_code`` is ``None`` where a whole line is silent;
    ``since_at`` is when what is warned of began, as it was known when the level last changed,
    ``raised_at`` when we learned of it and
    ``called_at`` since when it calls for somebody: raised, or last become worse. ``value`` is the
    measure of the last change, in ``unit``; ``escalated`` counts who was told beyond the desk.
    """

    id: int
    rule: str
    sensor_code: str | None
    kind: str
    unit: str
    region_code: str | None
    lon: float | None
    lat: float | None
    level: WarningLevel
    value: float | None
    since_at: datetime
    raised_at: datetime
    called_at: datetime
    escalated: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    case_code: str | None = None
    cleared_at: datetime | None = None
    steps: tuple[AlarmStep, ...] = ()

    @property
    def is_urgent(self) -> bool:
        """Whether it is of one of the two highest levels and nobody has acknowledged it."""
        return self.acknowledged_at is None and not WarningLevel.ORANGE.is_above(self.level)


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search box; ``kind`` is region, place, sensor or incident."""

    kind: str
    code: str
    name: str
    detail: str
    region_code: str
    lon: float
    lat: float
