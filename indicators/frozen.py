"""Periods that were published: their numbers stay as they were, whatever is heard later.

Who asks for exactly such a period, by its name or its days, is answered out of what was
published (:mod:`indicators.freezing`), and so is what it is the base of. While none is
published this costs a look at a version number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from geo_data import publications
from geo_data.publications import Publication
from geo_data.publications.register import LAYER
from geo_data.records import Scope, Window
from geo_data.store import Store
from indicators import catalog
from indicators.comparison import change
from indicators.spec import Array, Indicator, Readings, Sensors
from indicators.thresholds import Threshold
from indicators.windows import midnight

if TYPE_CHECKING:
    from indicators.engine import IndicatorValue
    from indicators.periods import Period

SUBJECT = "indicators"
_ALL = Scope.everything()
"""What was published speaks of the whole city; who asks is given what may be seen of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator of one region as it was published; ``None`` where nobody knew.

    ``parts`` are the values that its formula was given, in the order of its needs.
    """

    value: float | None
    previous: float | None = None
    year_before: float | None = None
    spark: tuple[float | None, ...] = ()
    parts: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Frozen:
    """The numbers of a published period.

    Parameters
    ----------
    publication : Publication
        By whom and when.
    boards : Mapping
        Region -> indicator -> what its board showed, of the regions that have one.
    levels : tuple of Mapping
        Of each finer level: indicator -> region -> value.
    thresholds : Mapping
        Indicator -> row that judged it.
    """

    publication: Publication
    boards: Mapping[str, Mapping[str, Row]]
    levels: tuple[tuple[Mapping[str, int], Mapping[str, Sequence[float | None]]], ...]
    thresholds: Mapping[str, Threshold]

    def row(self, region_code: str, indicator_key: str) -> Row | None:
        """Return what was published; ``None`` where the indicator was not among it."""
        if region_code in self.boards:
            return self.boards[region_code].get(indicator_key)
        for places, columns in self.levels:
            if region_code in places and indicator_key in columns:
                return Row(columns[indicator_key][places[region_code]])
        return Row(None) if indicator_key in self._known() else None

    def _known(self) -> Mapping[str, object]:
        return next(iter(self.boards.values()), {})


def of(store: Store, window: Window, at: datetime) -> Frozen | None:
    """Return the numbers that stood published at ``at`` of exactly this span; else ``None``."""
    stamp = store.version(LAYER)
    if not stamp:
        return None
    by_span = store.cached("frozen", stamp, lambda: _by_span(store))
    for one in by_span.get((window.start, window.end), ()):
        reopened = one.reopened_at
        if one.published_at <= at and (reopened is None or at < reopened):
            return store.cached(("frozen", one.number), one.sha256, partial(_read, store, one))
    return None


def each(
    store: Store,
    scope: Scope,
    codes: Sequence[str],
    indicator: Indicator,
    window: Window,
    at: datetime,
) -> Array | None:
    """Return an indicator as published for every region, shape (codes,); ``None`` if it was not."""
    kept = of(store, window, at)
    if kept is None or not _sees(scope, indicator):
        return None
    rows = [kept.row(code, indicator.key) for code in codes]
    if any(row is None for row in rows):
        return None
    return np.array([row.value if row else None for row in rows], dtype=np.float64)


def board(
    store: Store,
    scope: Scope,
    region_code: str,
    span: Period,
    at: datetime,
    values: Sequence[IndicatorValue],
) -> list[IndicatorValue]:
    """Return a board's values with what was published in the place of what is known now.

    The values of a published period, and those that others are compared with.
    """
    kept, base = of(store, span.window, at), of(store, span.before, at)
    if kept is None and base is None:
        return list(values)
    described = catalog.of(store.city)
    found = []
    for one in values:
        seen = _sees(scope, described[one.key])
        row = kept.row(region_code, one.key) if kept and seen else None
        before = base.row(region_code, one.key) if base and seen else None
        if row is not None and kept is not None:
            # Of the finer levels only values are kept.
            told = before.value if before else one.previous
            told = row.previous if region_code in kept.boards else told
            found.append(_as_published(one, row, told, kept))
        elif before is not None:
            changed = change(one.value, before.value)
            found.append(replace(one, previous=before.value, change=changed))
        else:
            found.append(one)
    return found


def parts(
    store: Store,
    scope: Scope,
    region_code: str,
    indicator: Indicator,
    window: Window,
    at: datetime,
) -> tuple[float | None, ...] | None:
    """Return what the formula was given of a published value; ``None`` where none was.

    Of the finer levels that is not kept: missing values then.
    """
    kept = of(store, window, at)
    row = kept.row(region_code, indicator.key) if kept and _sees(scope, indicator) else None
    if row is None:
        return None
    n = len(indicator.needs)
    return row.parts if len(row.parts) == n else (None,) * n


def year_before(
    store: Store,
    scope: Scope,
    region_code: str,
    span: Period,
    at: datetime,
    values: Mapping[str, float | None],
) -> dict[str, float | None]:
    """Return the values of the year before, as published where they were."""
    kept, base = of(store, span.window, at), of(store, span.year_before, at)
    found = dict(values)
    if kept is None and base is None:
        return found
    described = catalog.of(store.city)
    for key in found:
        if not _sees(scope, described[key]):
            continue
        if kept and region_code in kept.boards and (row := kept.row(region_code, key)):
            found[key] = row.year_before
        elif base and (row := base.row(region_code, key)):
            found[key] = row.value
    return found


def _as_published(
    one: IndicatorValue, row: Row, previous: float | None, kept: Frozen
) -> IndicatorValue:
    threshold = kept.thresholds.get(one.key)
    return replace(
        one,
        value=row.value,
        status=threshold.status(row.value) if threshold and row.value is not None else "none",
        previous=previous,
        change=change(row.value, previous),
        spark=row.spark,
        data_at=kept.publication.known_at,
        late=False,
        threshold=threshold,
        frozen_at=kept.publication.published_at,
    )


def _sees(scope: Scope, indicator: Indicator) -> bool:
    """Whether a viewer may see all that was counted; of fewer kinds it is counted anew."""
    return scope.kinds is None or not any(
        isinstance(need, Readings | Sensors) for need in indicator.needs
    )


def _by_span(store: Store) -> Mapping[tuple[datetime, datetime], Sequence[Publication]]:
    zone = store.city.zone
    found: dict[tuple[datetime, datetime], list[Publication]] = {}
    for one in publications.history(store, _ALL, "period", SUBJECT):
        days = one.days
        span = midnight(days.first, zone), midnight(days.last + timedelta(1), zone)
        found.setdefault(span, []).append(one)
    return found


def _read(store: Store, publication: Publication) -> Frozen:
    kept = publications.content(store, _ALL, publication.number)
    boards = {
        code: {key: _row(*row) for key, row in rows.items()}
        for code, rows in kept["boards"].items()
    }
    levels = tuple(
        ({code: place for place, code in enumerate(level["codes"])}, level["values"])
        for level in kept["levels"].values()
    )
    rows = {key: Threshold.model_validate(row) for key, row in kept["thresholds"].items()}
    return Frozen(publication, boards, levels, rows)


def _row(
    value: float | None,
    previous: float | None,
    year_before: float | None,
    spark: Sequence[float | None],
    parts: Sequence[float | None],
) -> Row:
    return Row(value, previous, year_before, tuple(spark), tuple(parts))
