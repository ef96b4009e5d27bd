"""The drill chain of a city, built level by level out of checked rows.

Every region below the root gets its parent by the code its row names, or by the largest
overlap where the source names none. The root may be the union of its children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
import shapely

from geo_data.city import City
from geo_data.crs import WGS_84
from geo_data.faults import Fault, InputError, nearest
from geo_data.importer import containment, rules
from geo_data.importer.report import Finding, Outcome
from geo_data.importer.rules import Sieve
from geo_data.importer.topology import note_level
from geo_data.records import FUNCTIONAL

MOSTLY = 0.5
_MOST_PEOPLE = 1e9


@dataclass(slots=True)
class Chain:
    """The regions of a city.

    Attributes
    ----------
    levels : dict
        Level key -> frame with ``code, parent_code, kind, name, population, geometry``,
        coarsest first.
    functional : GeoDataFrame or None
        The areas beside the chain.
    findings : list of Finding
        What concerns no single source.
    """

    levels: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    functional: gpd.GeoDataFrame | None = None
    findings: list[Finding] = field(default_factory=list)

    def note(self, key: str, **values: object) -> None:
        """Note something about the chain as a whole."""
        self.findings.append(Finding(Outcome.NOTED, Fault(key, values=values)))


def build_chain(
    city: City,
    sieves: Mapping[str, Sequence[Sieve]],
    units: Mapping[str, frozenset[str]] | None = None,
) -> Chain:
    """Build the chain.

    Parameters
    ----------
    city : City
        Its levels, root code and metric CRS.
    sieves : Mapping
        Level key, or ``"functional"``, -> the sieves of its sources. They are emptied of what
        is refused. Those of the store come last.
    units : Mapping, optional
        Level key -> codes of the units that its regions hang on.

    Raises
    ------
    InputError
        A level below the root has no source, or no row of it is left.
    """
    _refuse_missing_levels(city, sieves)
    taken: dict[str, str] = {}
    for key in (*city.level_keys, FUNCTIONAL):
        drawn: dict[bytes, str] = {}
        for sieve in sieves.get(key, ()):
            _check_rows(sieve, city, key, taken, drawn)
    _move_levels(sieves)
    chain = Chain()
    chain.levels[city.root_level] = _root(city, sieves, chain)
    for above, key in zip(city.level_keys, city.level_keys[1:], strict=False):
        for sieve in sieves[key]:
            sieve.make_way(_codes(sieves[key]))
            _find_parents(sieve, chain.levels[above], city)
            rules.check_parent_in_code(sieve, city.level(key))
            rules.check_units(sieve, city.level(key), (units or {}).get(key))
        chain.levels[key] = _together(sieves[key])
        _refuse_empty(chain.levels[key], key, sieves[key])
        chain.findings.extend(note_level(chain.levels[key], chain.levels[above], city, key))
    if sieves.get(FUNCTIONAL):
        chain.functional = _functional(sieves[FUNCTIONAL], chain, city)
    return chain


def _refuse_missing_levels(city: City, sieves: Mapping[str, Sequence[Sieve]]) -> None:
    missing = [key for key in city.level_keys[1:] if not sieves.get(key)]
    if missing:
        raise InputError(*(Fault("level-no-source", values={"level": key}) for key in missing))


def _refuse_empty(frame: gpd.GeoDataFrame, key: str, sieves: Sequence[Sieve]) -> None:
    if not frame.empty:
        return
    first = [finding.fault for sieve in sieves for finding in sieve.findings][:3]
    raise InputError(Fault("level-empty", values={"level": key}), *first)


def _codes(sieves: Sequence[Sieve]) -> set[str]:
    """Return the codes that came anew."""
    return {code for sieve in sieves if not sieve.kept for code in sieve.frame["code"]}


def _move_levels(sieves: Mapping[str, Sequence[Sieve]]) -> None:
    """Let the store's rows make way for those that came anew on another level."""
    fresh = {key: _codes(given) for key, given in sieves.items()}
    for key, given in sieves.items():
        elsewhere = set().union(*(codes for other, codes in fresh.items() if other != key))
        for sieve in given:
            sieve.make_way(elsewhere)


def _check_rows(
    sieve: Sieve, city: City, key: str, taken: dict[str, str], drawn: dict[bytes, str]
) -> None:
    level = city.level(key) if key in city.level_keys else None
    rules.check_codes(sieve, level)
    rules.check_names(sieve)
    rules.check_number(sieve, "population", 0, _MOST_PEOPLE)
    rules.check_areas(sieve, city)
    rules.check_unique(sieve, taken)
    if key in city.level_keys:
        rules.check_unlike(sieve, drawn)
    kinds = sieve.frame["kind"]
    sieve.set(kind=kinds.where(kinds != "", key))


def _together(sieves: Sequence[Sieve]) -> gpd.GeoDataFrame:
    columns = ["code", "parent_code", "kind", "name", "population", "geometry"]
    frames = [sieve.frame[columns] for sieve in sieves if not sieve.frame.empty]
    if not frames:
        return gpd.GeoDataFrame({name: [] for name in columns}, geometry="geometry", crs=WGS_84)
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=WGS_84)


def _root(city: City, sieves: Mapping[str, Sequence[Sieve]], chain: Chain) -> gpd.GeoDataFrame:
    own = sieves.get(city.root_level, ())
    for sieve in own:
        sieve.make_way(_codes(own))
        codes = sieve.frame["code"]
        sieve.refuse(codes != city.code, "not-the-root", "code", code=codes, root=city.code)
        sieve.set(parent_code=None)
    if own:
        root = _together(own)
        _refuse_empty(root, city.root_level, own)
        return root
    parts = [shape for sieve in sieves[city.level_keys[1]] for shape in sieve.frame.geometry]
    if not parts:
        _refuse_empty(_together(()), city.level_keys[1], sieves[city.level_keys[1]])
    whole, closed = containment.outline(parts)
    chain.note("root-derived", level=city.root_level, below=city.level_keys[1], closed=closed)
    return gpd.GeoDataFrame(
        {
            "code": [city.code],
            "parent_code": [None],
            "kind": [city.root_level],
            "name": [city.name.zh],
            "population": [None],
        },
        geometry=[whole],
        crs=WGS_84,
    )


def _find_parents(sieve: Sieve, parents: gpd.GeoDataFrame, city: City) -> None:
    """Give each row its ``parent_code``; refuse rows whose parent is not there."""
    named = sieve.frame["parent"]
    known = set(parents["code"])
    close = named.map(lambda code: nearest(code, sorted(known)) if code not in known else code)
    sieve.refuse(
        (named != "") & ~named.isin(known), "orphan-region", "parent", parent=named, nearest=close
    )
    if sieve.frame.empty:
        sieve.set(parent_code=sieve.frame["parent"])
        return
    found = containment.parents_by_overlap(sieve.frame, parents, city.metric_crs)
    named = sieve.frame["parent"]
    sieve.set(parent_code=named.where(named != "", found["parent"]))
    share = (found["inside"] * 100).map("{:.0f} %".format)
    sieve.refuse(
        (named == "") & (found["inside"] < MOSTLY), "outside-parents", "geometry", share=share
    )
    _note_doubtful_parents(sieve, found.loc[sieve.frame.index])


def _note_doubtful_parents(sieve: Sieve, found: pd.DataFrame) -> None:
    named, parent = sieve.frame["parent"], sieve.frame["parent_code"]
    percent = (found["share"] * 100).map("{:.0f} %".format)
    elsewhere = (named != "") & (found["parent"] != named) & (found["share"] > MOSTLY)
    sieve.say(
        Outcome.NOTED,
        elsewhere,
        "parent-disagrees",
        "parent",
        parent=named,
        found=found["parent"],
        share=percent,
    )
    straddles = (named == "") & (found["share"] < MOSTLY)
    sieve.say(Outcome.NOTED, straddles, "straddles", "geometry", parent=parent, share=percent)


def _functional(sieves: Sequence[Sieve], chain: Chain, city: City) -> gpd.GeoDataFrame:
    root = shapely.union_all(chain.levels[city.root_level].geometry.to_numpy())
    for sieve in sieves:
        sieve.make_way(_codes(sieves))
        sieve.refuse(~sieve.frame.geometry.intersects(root), "outside-city", "geometry")
        sieve.set(parent_code=city.code, kind=FUNCTIONAL)
    return _together(sieves)
