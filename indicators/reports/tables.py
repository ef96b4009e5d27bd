"""Every table that a template may ask for, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from geo_data.faults import Fault, InputError, nearest
from indicators.reports import case_tables, count_tables, judged_tables
from indicators.reports.content import Table
from indicators.reports.scene import Scene

PLAIN: Mapping[str, Callable[[Scene], Table]] = MappingProxyType(
    {
        "channels": count_tables.channels,
        "categories": count_tables.categories,
        "causes": count_tables.causes,
        "areas": count_tables.areas,
        "places": count_tables.places,
        "repeated-places": count_tables.repeated_places,
        "standing": case_tables.standing,
        "overdue": case_tables.overdue,
        "grave": case_tables.grave,
        "due-soon": case_tables.due_soon,
        "warnings": case_tables.warnings,
        "vital-signs": case_tables.vital_signs,
        "signals": judged_tables.signals,
        "evaluation": judged_tables.evaluated,
    }
)
"""Tables that are what they are."""
OF_INDICATORS: Mapping[str, Callable[..., Table]] = MappingProxyType(
    {
        "against-before": count_tables.against_before,
        "against-year": count_tables.against_year,
        "against-both": count_tables.against_both,
        "trend": count_tables.trend,
        "units": case_tables.units,
    }
)
"""Tables of the indicators that are named behind them."""


@dataclass
class Tables:
    """The tables of a report, each made once.

    Parameters
    ----------
    scene : Scene
    """

    scene: Scene
    _made: dict[tuple[str, ...], Table] = field(default_factory=dict)

    def table(self, asked: str) -> Table:
        """Return a table: its name, and the indicators of one that takes any.

        Raises
        ------
        InputError
            There is no such table or indicator; the nearest is named.
        """
        name, *keys = asked.split()
        if (name, *keys) not in self._made:
            self._made[name, *keys] = self._make(name, keys)
        return self._made[name, *keys]

    def _make(self, name: str, keys: list[str]) -> Table:
        if name in PLAIN and not keys:
            return PLAIN[name](self.scene)
        if name in OF_INDICATORS and keys:
            return OF_INDICATORS[name](self.scene, *keys)
        if name in PLAIN or name in OF_INDICATORS:
            fault = "report-table-plain" if keys else "report-table-indicators"
            raise InputError(Fault(fault, values={"key": name}))
        near = nearest(name, [*PLAIN, *OF_INDICATORS])
        raise InputError(Fault("report-table", values={"key": name, "nearest": near}))
