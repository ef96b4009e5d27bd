"""Early warning (早发现、早预警、早研判): what stands out in the cases, and what is to be expected.

Heavy libraries are loaded by what needs them, when it is asked for: importing this costs nothing.

>>> from indicators import early_warning
>>> early_warning.signals(store, scope, "310117", at)  # doctest: +SKIP
>>> early_warning.forecasts(store, scope, at)  # doctest: +SKIP
"""

from __future__ import annotations

from datetime import datetime

from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from indicators.early_warning.assessment import assess, held, hold, version
from indicators.early_warning.prediction import Prediction
from indicators.early_warning.signal import KINDS, Assessment, Forecast, Kind, Signal, Spot
from indicators.early_warning.trend import TRENDS, Trend

__all__ = [
    "KINDS",
    "TRENDS",
    "Assessment",
    "Forecast",
    "Kind",
    "Prediction",
    "Signal",
    "Spot",
    "Trend",
    "assess",
    "forecasts",
    "held",
    "hold",
    "inside",
    "signals",
    "version",
]


def signals(store: Store, scope: Scope, region_code: str, at: datetime) -> tuple[Signal, ...]:
    """Return the signals in a region and everything below it, by kind, the strongest first.

    Worked out once for each hour and version of the data, which takes seconds: pages ask
    :func:`held` instead.

    Raises
    ------
    KeyError
        The region is not visible.
    """
    return inside(store, scope, region_code, assess(store, scope, at))


def inside(store: Store, scope: Scope, region_code: str, found: Assessment) -> tuple[Signal, ...]:
    """Return those signals of an assessment that are in a region.

    Raises
    ------
    KeyError
        The region is not visible.
    """
    tree = region_tree(store, scope)
    mine = frozenset(tree.subtree(region_code))
    return tuple(one for one in found.signals if one.region_code in mine)


def forecasts(store: Store, scope: Scope, at: datetime) -> tuple[Forecast, ...]:
    """Return the forecasts of all that may be seen and of its towns; as :func:`signals`."""
    return assess(store, scope, at).forecasts
