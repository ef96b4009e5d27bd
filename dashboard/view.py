"""What is on the screen, as the URL says it: pasted, reloaded or sent back, it draws the same.

The query string is the only state of a page. Everything that can be chosen has one short key;
a key that stands at its default is left out, so that links stay readable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode

from geo_data.queries.case_filter import EVERY_CASE, CaseFilter

WINDOWS = ("today", "24h", "7d", "30d", "year")
TABS = ("incidents", "alarms", "sensors", "objects")
FOLDS = ("left", "right", "bottom")
MOST_PAGES = 10
"""Nobody reads further down a list than this: a filter is the better way there."""
OBJECT_KINDS = ("place", "sensor", "incident")
SENSOR_STATES = ("normal", "warning", "alarm", "offline")
"""In the order of :class:`geo_data.records.SensorState`."""
THEMES = ("dark", "light")
LANGUAGES = ("zh-CN", "en")
EVERY_SOURCE = "all"
"""Opens the panel of sources with all of them; a source's key opens that one."""
DEFAULT_INDICATOR = "open-incidents"

Layers = tuple[tuple[str, float], ...]
"""Keys of layers with their opacity 0–1, in order."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """The object a page looks at: ``place:310117…``, ``sensor:…`` or ``incident:42``."""

    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"

    @classmethod
    def parse(cls, text: str) -> ObjectRef | None:
        """Read ``kind:code``; ``None`` where it is neither."""
        kind, _, code = text.partition(":")
        return cls(kind, code) if kind in OBJECT_KINDS and code else None


@dataclass(frozen=True, slots=True)
class View:
    """One state of a page.

    Parameters
    ----------
    region : str or None
        Region looked at; ``None`` is the root of what the viewer may see.
    selected : ObjectRef or None
        Object whose card is open.
    at : datetime or None
        The moment looked back to, UTC, whole seconds; ``None`` is the present.
    window, indicator, tab
        Time window, indicator that colours the map, tab of the right panel.
    layers : tuple of (str, float) or None
        Layers that are on with their opacity 0–1, in order; ``None`` is the catalogue's default.
    fold : frozenset of str
        Panels folded away.
    cases : CaseFilter
        Only such cases in the list, on the map and in its legend.
    pages : int
        How many lengths of the list of cases are unfolded, from 1 on.
    sensor_kind, sensor_state : str or None
        Only such sensors in the table; ``None`` is all of them.
    sources : str or None
        Source whose card is open, or :data:`EVERY_SOURCE`.
    language, theme
        What it speaks; ``dark`` or ``light``.
    """

    region: str | None = None
    selected: ObjectRef | None = None
    at: datetime | None = None
    window: str = "24h"
    indicator: str = DEFAULT_INDICATOR
    tab: str = "incidents"
    layers: Layers | None = None
    fold: frozenset[str] = frozenset()
    cases: CaseFilter = EVERY_CASE
    pages: int = 1
    sensor_kind: str | None = None
    sensor_state: str | None = None
    sources: str | None = None
    language: str = "zh-CN"
    theme: str = "dark"

    def query(self, home: View | None = None) -> str:
        """Write the query string, ``"?…"``, without what stands as in ``home``."""
        home = home or View()
        pairs = [
            ("region", self.region, home.region),
            ("object", self.selected and str(self.selected), None),
            ("at", self.at and write_at(self.at), None),
            ("window", self.window, home.window),
            ("indicator", self.indicator, home.indicator),
            ("tab", self.tab, home.tab),
            ("layers", _write_layers(self.layers), None),
            ("fold", ",".join(name for name in FOLDS if name in self.fold), ""),
            *((key, value, None) for key, value in self.cases.said().items()),
            ("pages", str(self.pages), "1"),
            ("kind", self.sensor_kind, None),
            ("state", self.sensor_state, None),
            ("sources", self.sources, None),
            ("lang", self.language, home.language),
            ("theme", self.theme, home.theme),
        ]
        kept = [(key, value) for key, value, default in pairs if value != default and value]
        if self.layers == ():
            kept.append(("layers", "none"))
        return "?" + urlencode(kept, safe=":,")

    def queries_of_layers(self, home: View | None = None) -> Callable[[Layers], str]:
        """Return what writes :meth:`query` for other layers; the rest is written once.

        A list of layers holds a hundred links that differ in nothing else.
        """
        stem = replace(self, layers=()).query(home).removesuffix("none")
        return lambda layers: stem + quote(_write_layers(layers) or "none", safe=":,")

    def at_region(self, code: str | None) -> View:
        """Return the view after a drill to ``code``: no object is open there yet."""
        return replace(self, region=code, selected=None, pages=1)

    def of_cases(self, cases: CaseFilter) -> View:
        """Return the view with other cases in its list: that begins anew, and is seen."""
        fold = self.fold - {"right"}
        return replace(
            self, cases=cases, pages=1, tab="incidents", selected=None, sources=None, fold=fold
        )


def parse_view(query: str | None, home: View | None = None) -> View:
    """Read a query string; what it does not say, or says wrongly, stays as in ``home``.

    Parameters
    ----------
    query : str or None
        ``"?region=…&window=7d"``; with or without the question mark.
    home : View, optional
        Where a viewer starts.
    """
    home = home or View()
    said = dict(parse_qsl((query or "").lstrip("?")))
    return View(
        region=said.get("region") or home.region,
        selected=ObjectRef.parse(said.get("object", "")),
        at=_read_at(said.get("at", "")),
        window=_one_of(said.get("window"), WINDOWS, home.window),
        indicator=said.get("indicator") or home.indicator,
        tab=_one_of(said.get("tab"), TABS, home.tab),
        layers=_read_layers(said.get("layers")),
        fold=frozenset(said.get("fold", "").split(",")) & frozenset(FOLDS),
        cases=CaseFilter.read(said),
        pages=_read_pages(said.get("pages", "")),
        sensor_kind=said.get("kind") or None,
        sensor_state=_known(said.get("state"), SENSOR_STATES),
        sources=said.get("sources") or None,
        language=_one_of(said.get("lang"), LANGUAGES, home.language),
        theme=_one_of(said.get("theme"), THEMES, home.theme),
    )


def _one_of(said: str | None, known: tuple[str, ...], default: str) -> str:
    return said if said in known else default


def _known(said: str | None, known: tuple[str, ...]) -> str | None:
    return said if said in known else None


def write_at(at: datetime) -> str:
    """Write a moment as addresses have it.

    Examples
    --------
    >>> write_at(datetime(2026, 11, 26, 2, 5, tzinfo=UTC))
    '2026-11-26T02:05:00Z'
    """
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _read_at(said: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(said)
        return at.astimezone(UTC).replace(microsecond=0) if at.tzinfo else None
    except (OverflowError, ValueError):
        return None


def _read_pages(said: str) -> int:
    return min(max(int(said), 1), MOST_PAGES) if said.isdecimal() and len(said) < 4 else 1


def _write_layers(layers: Layers | None) -> str | None:
    if layers is None:
        return None
    return ",".join(
        key if opacity == 1 else f"{key}:{round(opacity * 100)}" for key, opacity in layers
    )


def _read_layers(text: str | None) -> Layers | None:
    if text is None:
        return None
    layers: dict[str, float] = {}
    for part in text.split(","):
        key, _, percent = part.partition(":")
        if key and key != "none":
            layers[key] = min(int(percent), 100) / 100 if percent.isdecimal() else 1.0
    return tuple(layers.items())
