"""Every indicator, by group, in the order a board shows them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from geo_data.words import Label
from indicators import caseload, discovery, readings, sensing, timeliness
from indicators.spec import Indicator
from indicators.wording import label

GROUPS = (
    "management",
    "livelihood",
    "safety",
    "supply",
    "environment",
    "emergency",
    "sensing",
)


@cache
def groups() -> Mapping[str, Label]:
    """Group key to name, in the order of a board."""
    return MappingProxyType({key: label(f"group-{key}") for key in GROUPS})


@cache
def indicators() -> Mapping[str, Indicator]:
    """Key to indicator; the members of a group stand together.

    Raises
    ------
    ValueError
        Two indicators share a key: a programming error, caught by the tests.
    """
    modules = (caseload, timeliness, discovery, readings, sensing)
    listed = [indicator for module in modules for indicator in module.INDICATORS]
    listed.sort(key=lambda indicator: GROUPS.index(indicator.group))
    known = {indicator.key: indicator for indicator in listed}
    if len(known) != len(listed):
        raise ValueError("two indicators share a key")
    return MappingProxyType(known)
