"""What the sensors say at this moment, and whether they speak at all."""

from __future__ import annotations

from typing import Literal

from geo_data.dictionaries import sensor_kinds
from indicators.formulas import both, count, share
from indicators.spec import Array, Grain, Indicator, Sensors
from indicators.wording import describe

CAMERA = "camera-online"
THINGS = tuple(kind for kind in sensor_kinds() if kind != CAMERA)
"""Every kind but the cameras: 物联."""


def online_rate(online: Array, installed: Array) -> Array:
    """Return 在线率 in percent: online out of installed.

    Examples
    --------
    >>> online_rate(np.array([490.0, 0.0]), np.array([500.0, 0.0])).tolist()
    [98.0, nan]
    """
    return share(online, installed)


def alarm_share(alarm: Array, online: Array) -> Array:
    """Return the share of sensors in alarm, in percent of those online.

    Examples
    --------
    >>> alarm_share(np.array([5.0]), np.array([500.0])).tolist()
    [1.0]
    """
    return share(alarm, online)


def _alarms(key: str, group: str, *kinds: str) -> Indicator:
    needs = (Sensors(kinds, "alarm"),)
    return describe(key, group, "places", Grain.STATE, "low", needs, count)


def _online(
    key: str, kinds: tuple[str, ...], part: Literal["online", "normal"] = "online"
) -> Indicator:
    needs = (Sensors(kinds, part), Sensors(kinds, "installed"))
    return describe(key, "sensing", "percent", Grain.STATE, "high", needs, online_rate)


INDICATORS = (
    _alarms("missing-covers", "management", "manhole"),
    _alarms("full-bins", "management", "bin-fill"),
    _alarms("smoke-alarms", "safety", "smoke"),
    describe(
        "trapped-lifts",
        group="safety",
        unit="places",
        grain=Grain.STATE,
        better="low",
        needs=(Sensors(("elevator",), "warning"), Sensors(("elevator",), "alarm")),
        value=both,
    ),
    _alarms("gas-leaks", "supply", "gas-leak"),
    _alarms("site-alarms", "environment", "dust"),
    _alarms("noise-alarms", "environment", "noise"),
    # A camera answers 0 for a picture that is gone: only a normal one is online.
    _online("cameras-online", (CAMERA,), "normal"),
    _online("sensors-online", THINGS),
    _alarms("sensors-in-alarm", "sensing", *THINGS),
    describe(
        "alarm-share",
        group="sensing",
        unit="percent",
        grain=Grain.STATE,
        better="low",
        needs=(Sensors(THINGS, "alarm"), Sensors(THINGS, "online")),
        value=alarm_share,
    ),
)
