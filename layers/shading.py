"""What colours the regions: an indicator of a level, for the screen and for print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from geo_data.records import Scope
from geo_data.rollups.known_then import is_past
from geo_data.store import Store
from indicators import catalog, engine
from indicators.spec import Indicator
from layers.style import Hue, Scale, scale


@dataclass(frozen=True, slots=True)
class Shading:
    """What colours the regions of one level.

    Parameters
    ----------
    level : str
        A level of the city.
    values : Mapping of str to float or None
        Region code -> value; missing codes and ``None`` have no value.
    label, unit : str
        What is shown, in the viewer's language.
    hue : str
        ``violet`` where high is bad.
    digits : int
        Decimals on the hover card.
    """

    level: str
    values: Mapping[str, float | None]
    label: str
    unit: str = ""
    hue: Hue = "teal"
    digits: int = 1
    scales: dict[str, Scale] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By theme, as :func:`shading_scale` works them out once."""


def shading_scale(shading: Shading, theme: str) -> Scale:
    """Return the scale a shading is drawn with: the legend must use the same."""
    found = shading.scales.get(theme)
    if found is None:
        found = shading.scales[theme] = scale(shading.values.values(), shading.hue, theme)
    return found


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
    indicator = catalog.of(store.city)[indicator_key]
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
