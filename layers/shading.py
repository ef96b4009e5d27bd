"""What colours the regions: an indicator of a level, for the screen and for print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from geo_data.queries.hindsight import is_past
from geo_data.records import Scope
from geo_data.store import Store
from indicators import catalog, engine
from indicators.spec import Indicator
from layers.painting import Shading


def indicator_shading(
    store: Store, scope: Scope, indicator_key: str, window_key: str, at: datetime, language: str
) -> Shading:
    """Return an indicator of the regions of the finest level as a shading.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    indicator_key, window_key : str
        What, over which span.
    at : datetime
        As known at this time.
    language : str
        Of its name and unit.

    Raises
    ------
    KeyError
        There is no such indicator or window.
    """
    level = store.city.finest_level
    indicator = catalog.indicators()[indicator_key]
    values = _values(store, scope, level, indicator, window_key, at)

    def build() -> Shading:
        return Shading(
            level=level,
            values=values,
            label=indicator.name(language),
            unit=indicator.unit_in(language),
            hue="violet" if indicator.better == "low" else "teal",
        )

    # Its scale is worked out once, too. What is held keeps its values, so that no others can
    # have their identity.
    key = ("shading", scope, level, window_key, language)
    return store.cached(key, (indicator.key, id(values)), build)


def _values(
    store: Store, scope: Scope, level: str, indicator: Indicator, window: str, at: datetime
) -> Mapping[str, float | None]:
    """Return the indicator of every region, worked out once for the map, its legend and all drills.

    What came in is seen at once; what slid out of a window within a minute.
    """
    past = is_past(store, at)
    moment = (
        *(indicator.key, at if past else at.replace(second=0, microsecond=0)),
        store.stamp("regions", *engine.layers_behind(indicator)),
    )

    def build() -> Mapping[str, float | None]:
        return engine.by_level(store, scope, level, indicator.key, window, at)

    # Of each window what was asked for last: a municipality has forty thousand grids.
    return store.cached(("by-level", scope, level, window, past), moment, build)
