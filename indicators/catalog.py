"""Every indicator, by group, in the order a board shows them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from geo_data.city import City
from geo_data.faults import Fault
from geo_data.own_indicators import OwnIndicator
from geo_data.words import Label
from indicators import answers, caseload, discovery, readings, recurrence, sensing, timeliness
from indicators.own import indicators_of
from indicators.spec import Indicator
from indicators.wording import label

# Of traffic nothing is counted here yet: a city's own indicators may be, and its page says so.
GROUPS = (
    "management",
    "livelihood",
    "safety",
    "supply",
    "environment",
    "traffic",
    "emergency",
    "sensing",
)


@cache
def groups() -> Mapping[str, Label]:
    """Group key to name, in the order of a board."""
    return MappingProxyType({key: label(f"group-{key}") for key in GROUPS})


@cache
def indicators() -> Mapping[str, Indicator]:
    """Key to indicator of the program's own; the members of a group stand together.

    Raises
    ------
    ValueError
        Two indicators share a key: a programming error, caught by the tests.
    """
    modules = (caseload, recurrence, timeliness, discovery, answers, readings, sensing)
    listed = [indicator for module in modules for indicator in module.INDICATORS]
    listed.sort(key=lambda indicator: GROUPS.index(indicator.group))
    known = {indicator.key: indicator for indicator in listed}
    if len(known) != len(listed):
        raise ValueError("two indicators share a key")
    return MappingProxyType(known)


def of(city: City) -> Mapping[str, Indicator]:
    """Key to indicator, those that a city declares behind the program's own of their group.

    One that cannot be used is left out; :func:`faults_of` says why.
    """
    return _with_own(city.indicators)[0]


def faults_of(city: City) -> tuple[Fault, ...]:
    """Return what is wrong with the indicators that a city declares."""
    return _with_own(city.indicators)[1]


@lru_cache(maxsize=8)
def _with_own(
    declared: tuple[OwnIndicator, ...],
) -> tuple[Mapping[str, Indicator], tuple[Fault, ...]]:
    if not declared:
        return indicators(), ()
    made, faults = indicators_of(declared, GROUPS, tuple(indicators()))
    listed = sorted(
        [*indicators().values(), *made], key=lambda indicator: GROUPS.index(indicator.group)
    )
    return MappingProxyType({one.key: one for one in listed}), tuple(faults)
