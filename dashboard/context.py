"""What a panel needs to answer: the store, who is looking, what at, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from dashboard.fonts import WebFont
from dashboard.view import ObjectRef, View, parse_view
from geo_data import queries
from geo_data.city import City
from geo_data.queries import RegionTree
from geo_data.records import Incident, Place, Region, Scope, Sensor, Window
from geo_data.settings import Settings
from geo_data.store import Store
from geo_data.words import Words
from indicators import catalog, windows

WORDS = Words.load(Path(__file__).with_name("words.toml"))


@dataclass(frozen=True, slots=True)
class Look:
    """One look of one viewer at one moment.

    ``view`` is valid: region and object exist and may be seen; ``notices`` says what had to be
    changed for that, in the viewer's language. ``at`` is the moment looked at, ``now`` the
    present: they differ for who looks back.
    """

    store: Store
    scope: Scope
    city: City
    tree: RegionTree
    view: View
    home: View
    region: Region
    subject: Place | Sensor | Incident | None
    at: datetime
    now: datetime
    window: Window
    notices: tuple[str, ...] = ()

    @property
    def language(self) -> str:
        """What the viewer reads."""
        return self.view.language

    @property
    def is_past(self) -> bool:
        """Whether the viewer looks back."""
        return self.view.at is not None

    def say(self, key: str, **values: object) -> str:
        """Say ``key`` of the dashboard's words in the viewer's language."""
        return WORDS(key, self.view.language, **values)

    def local(self, moment: datetime) -> datetime:
        """Return ``moment`` on the city's clock."""
        return moment.astimezone(self.city.zone)

    def href(self, view: View) -> str:
        """Link to ``view`` on this page."""
        return view.query(self.home)

    def to_region(self, code: str) -> str:
        """Link that drills to ``code``."""
        root = self.tree.root.code
        return self.href(self.view.at_region(None if code == root else code))

    def to_object(self, kind: str, code: str, region_code: str | None = None) -> str:
        """Link that opens the card of an object; drills to its region where one is given."""
        view = replace(self.view, selected=ObjectRef(kind, code))
        if region_code and self.tree.get(region_code):
            view = replace(view, region=None if region_code == self.tree.root.code else region_code)
        return self.href(view)


@dataclass(frozen=True, slots=True)
class Context:
    """What a running server knows.

    Parameters
    ----------
    settings, store
        How it runs, and on what.
    clock : callable
        Returns the city's present moment, aware UTC; time lapse runs it faster.
    font : WebFont, optional
        The web font that is served: that of the names of its start, whatever is imported later.
    """

    settings: Settings
    store: Store
    clock: Callable[[], datetime]
    font: WebFont | None = None

    @property
    def scope(self) -> Scope:
        """What viewers of this process may see."""
        return Scope(region_code=self.settings.scope_region)

    @property
    def home(self) -> View:
        """Where a viewer starts."""
        return View(language=self.settings.language)

    def look(self, query: str | None) -> Look:
        """Return the valid view nearest to what ``query`` asks for, with notices.

        Parameters
        ----------
        query : str or None
            The URL's query string.
        """
        store, scope, now = self.store, self.scope, self.clock()
        tree = queries.region_tree(store, scope)
        asked = parse_view(query, self.home)
        notices: list[str] = []
        asked = _valid_moment(asked, now, notices)
        at = asked.at or now
        view, region = _valid_region(asked, tree, notices)
        view, subject = _valid_object(view, store, scope, at, notices)
        view, region = _region_of(view, region, subject, tree)
        view = _valid_indicator(view, store.city, notices)
        return Look(
            store=store,
            scope=scope,
            city=store.city,
            tree=tree,
            view=view,
            home=self.home,
            region=region,
            subject=subject,
            at=at,
            now=now,
            window=windows.window(view.window, at, store.city.zone),
            notices=tuple(notices),
        )


def _valid_moment(view: View, now: datetime, notices: list[str]) -> View:
    """Return the view at its moment; nobody knows the future."""
    if view.at is None or view.at < now:
        return view
    notices.append(WORDS("notice-future", view.language))
    return replace(view, at=None)


def _valid_region(view: View, tree: RegionTree, notices: list[str]) -> tuple[View, Region]:
    """Return the view at its region, or at the known region whose code begins alike."""
    if view.region is None:
        return view, tree.root
    region = tree.get(view.region)
    if region is not None:
        return view, region
    begins = (tree.get(view.region[:length]) for length in range(len(view.region) - 1, 0, -1))
    nearest = next((found for found in begins if found is not None), tree.root)
    notices.append(WORDS("notice-no-region", view.language, code=view.region, nearest=nearest.name))
    return replace(view, region=nearest.code, selected=None), nearest


def _valid_object(
    view: View, store: Store, scope: Scope, at: datetime, notices: list[str]
) -> tuple[View, Place | Sensor | Incident | None]:
    if view.selected is None:
        return view, None
    subject = find_object(store, scope, view.selected, at)
    if subject is None:
        notices.append(WORDS("notice-no-object", view.language, code=view.selected.code))
        return replace(view, selected=None), None
    return view, subject


def _region_of(
    view: View, region: Region, subject: Place | Sensor | Incident | None, tree: RegionTree
) -> tuple[View, Region]:
    """Return the region in view, or the object's own where it stands elsewhere."""
    code = subject.region_code if subject is not None else None
    own = tree.get(code) if code else None
    if own is None or tree.contains(region.code, own.code):
        return view, region
    return replace(view, region=own.code), own


def _valid_indicator(view: View, city: City, notices: list[str]) -> View:
    if view.indicator in catalog.of(city):
        return view
    notices.append(WORDS("notice-no-indicator", view.language, key=view.indicator))
    return replace(view, indicator=View().indicator)


def find_object(
    store: Store, scope: Scope, ref: ObjectRef, at: datetime
) -> Place | Sensor | Incident | None:
    """Return the object behind ``ref``; ``None`` where there is none the viewer may see."""
    if ref.kind == "place":
        return queries.place(store, scope, ref.code)
    if ref.kind == "sensor":
        return queries.sensor(store, scope, ref.code, at)
    return queries.incident(store, scope, int(ref.code), at) if ref.code.isdecimal() else None
