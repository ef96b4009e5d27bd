"""The values that a report speaks of, each read off the engine and kept with where it is from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, cast

from geo_data import rollups
from geo_data.records import Scope, Window
from geo_data.store import Store
from indicators import catalog, engine, windows
from indicators.history import History
from indicators.periods import Period
from indicators.reports.content import Figure, Part
from indicators.spec import Cases, CasesOf, Indicator

WHOLE = "reported-incidents"
"""Of which the cases of one channel or category are a part."""
Trait = Literal["channel", "category", "severity"]


@dataclass
class Figures:
    """Reads figures of one store at one moment; each board is read once.

    Parameters
    ----------
    store, scope : Store, Scope
        Where from, and for whom.
    at : datetime
        As known then, aware.
    """

    store: Store
    scope: Scope
    at: datetime
    _boards: dict[tuple[str, str], Mapping[str, engine.IndicatorValue]] = field(
        default_factory=dict
    )
    _years: dict[tuple[str, str], Mapping[str, float | None]] = field(default_factory=dict)
    _histories: dict[tuple[str, str, bool], History] = field(default_factory=dict)

    def board(self, region: str, window: str) -> Mapping[str, engine.IndicatorValue]:
        """Return every indicator of a region over a period, by key."""
        asked = region, window
        if asked not in self._boards:
            found = engine.board(self.store, self.scope, region, window, self.at)
            self._boards[asked] = {one.key: one for one in found}
        return self._boards[asked]

    def read(self, figure: Figure) -> Figure:
        """Return a figure with its value."""
        if figure.only is not None:
            return replace(figure, value=self._narrowed(figure))
        value = self.board(figure.region, figure.window)[figure.key]
        match figure.part:
            case "value":
                return replace(figure, value=value.value)
            case "before":
                return replace(figure, value=value.previous)
            case "change":
                return replace(figure, value=self._changed(figure.key, value.value, value.previous))
        before = self._year(figure.region, figure.window).get(figure.key)
        if figure.part == "year-before":
            return replace(figure, value=before)
        return replace(figure, value=self._changed(figure.key, value.value, before))

    def indicator(self, key: str) -> Indicator:
        """Return an indicator of the city."""
        return catalog.of(self.store.city)[key]

    def period(self, window: str) -> Period:
        """Return the period that the engine calls so."""
        return engine.period_of(self.store, window, self.at)

    def keys_of(self, trait: Trait, region: str, window: Window) -> list[str]:
        """Return the channels or categories of the cases reported in a window, most first."""
        first, last = windows.days(window, self.store.city.zone)
        return list(rollups.dimension(self.store, self.scope, region, trait, first, last))

    def _year(self, region: str, window: str) -> Mapping[str, float | None]:
        asked = region, window
        if asked not in self._years:
            self._years[asked] = engine.year_before(self.store, self.scope, region, window, self.at)
        return self._years[asked]

    def _changed(self, key: str, value: float | None, before: float | None) -> float | None:
        """Return a relative change; of a share, which is in percent already, the difference.

        That of the shares as they are written: who reads 51.3 and 51.2 works out 0.1.
        """
        if is_share(self.indicator(key)):
            if value is None or before is None:
                return None
            return round(round(value, 1) - round(before, 1), 1)
        return engine.change(value, before)

    def _narrowed(self, figure: Figure) -> float | None:
        assert figure.only is not None
        trait, key = figure.only
        now, before = self._spans(figure, narrowed(cast("Trait", trait), key), is_year=False)
        match figure.part:
            case "value":
                return now
            case "before":
                return before
            case "change":
                return engine.change(now, before)
            case "share":
                whole, _ = self._spans(figure, every_case(), is_year=False)
                return None if now is None or not whole else 100 * now / whole
        year, _ = self._spans(figure, narrowed(cast("Trait", trait), key), is_year=True)
        return year if figure.part == "year-before" else engine.change(now, year)

    def _spans(
        self, figure: Figure, indicator: Indicator, *, is_year: bool
    ) -> tuple[float | None, float | None]:
        """Return an indicator over the period and the one before; twice the year before's."""
        asked = figure.region, figure.window, is_year
        if asked not in self._histories:
            span = self.period(figure.window)
            spans = (span.year_before, span.year_before) if is_year else (span.window, span.before)
            self._histories[asked] = History(
                self.store, self.scope, figure.region, span, self.at, spans
            )
        history = self._histories[asked]
        if "incidents" not in self.store.layers():
            return None, None
        now, before = (
            value if math.isfinite(value) else None for value in history.values(indicator).tolist()
        )
        reaches = history.is_compared()
        return (now if reaches or not is_year else None), (before if reaches else None)


def narrowed(trait: Trait, key: str) -> Indicator:
    """Return the count of reported cases of one channel or category."""
    return replace(catalog.indicators()[WHOLE], needs=(CasesOf(trait, (key,)),))


def every_case() -> Indicator:
    """Return the count of all reported cases."""
    return replace(catalog.indicators()[WHOLE], needs=(Cases("reported"),))


def is_share(indicator: Indicator) -> bool:
    """Whether an indicator is in percent: its change is told in points."""
    return indicator.unit == "%"


def figure(
    key: str, region: str, window: str, part: str = "value", only: tuple[str, str] | None = None
) -> Figure:
    """Return a figure that is not read yet."""
    return Figure(key, region, window, cast("Part", part), only)
