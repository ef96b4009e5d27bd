"""What a warning is: where, since when, how strong, how sure, and the cases it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, get_args

from geo_data.records import Window
from geo_data.words import Label
from indicators.early_warning.prediction import Prediction
from indicators.early_warning.trend import Trend

Kind = Literal["emerging", "cluster", "anomaly", "hot-spot", "repeated-place", "cold-spot"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which an operator wants to know of them."""
MOST_CASES = 500
"""More cases than this are reached by their region and window, not one by one."""

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """One warning.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    key : str
        The same signal has the same key at the next look.
    region_code : str
        The region it is in: of neighbouring hot or cold regions, the one where it is strongest.
    window : Window
        When the cases were reported.
    strength : float
        Of hot and cold spots the z of Gi*, of clusters and anomalies cases over those expected,
        of repeated places the number of cases.
    count, expected : int, float or None
        Cases, and how many were to be expected; ``None`` where nothing is expected.
    p, q : float or None
        How likely chance makes as much of it; and among all that was tested. ``None`` where it
        is a rule and no test.
    reason : Label
        Why, in one sentence.
    codes : tuple of str
        Of hot and cold spots: the region and its neighbours, whose cases are counted.
    place_code, category, channel : str or None
        What it is about, where it is about one.
    trend : str or None
        How the hot spot came about.
    cases : tuple of int
        Ids, the newest first; empty where they are those of ``codes`` in the window.
    lon, lat : float or None
        Where it is drawn.
    outline : tuple of (lon, lat)
        Ring around a cluster.
    """

    kind: Kind
    key: str
    region_code: str
    window: Window
    strength: float
    count: int
    reason: Label
    expected: float | None = None
    p: float | None = None
    q: float | None = None
    codes: tuple[str, ...] = ()
    place_code: str | None = None
    category: str | None = None
    channel: str | None = None
    trend: Trend | None = None
    cases: tuple[int, ...] = ()
    lon: float | None = None
    lat: float | None = None
    outline: Ring = ()
    computed_at: datetime | None = None
    data_at: datetime | None = None

    def of(self, computed_at: datetime, data_at: datetime | None) -> Signal:
        """Return it with when it was worked out, of data of when."""
        return replace(self, computed_at=computed_at, data_at=data_at)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next day and week of a region will bring.

    Parameters
    ----------
    region_code : str
    day, week : Prediction or None
        Cases reported in the next 24 hours and in the next seven days; ``None`` where the
        history is too short.
    reason : Label
        Why it is shown as it is: better than the naive one, or not, or too short.
    recent : tuple of int
        Cases of the last 14 spans of 24 hours, the newest last.
    """

    region_code: str
    day: Prediction | None
    week: Prediction | None
    reason: Label
    recent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """A region of the finest level as the map draws it: hot or cold, and its trend."""

    z: float
    q: float
    is_hot: bool
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that was found at one look at a city, as one viewer may see it.

    Parameters
    ----------
    at : datetime
        As known then.
    data_at : datetime or None
        The time of the newest data.
    signals : tuple of Signal
        By kind, the strongest first.
    forecasts : tuple of Forecast
        Of the whole that may be seen, then of its towns.
    spots : Mapping of str to Spot
        Regions of the finest level that are hot or cold.
    notes : tuple of Label
        What could not be looked at, and why.
    version : tuple
        Of the data it was made of.
    """

    at: datetime
    data_at: datetime | None = None
    signals: tuple[Signal, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    spots: dict[str, Spot] = field(default_factory=dict)
    notes: tuple[Label, ...] = ()
    version: tuple[object, ...] = ()
