"""The search box: regions, places, sensors and incidents by name, code, address or pinyin.

What has a name is kept as text in memory, a line to an object, so that a query is a scan by
``str.find``: a hundred thousand places take milliseconds and any part of a name matches.
Incidents are looked up in the store: by the beginning of their number, and by title and address
among the newest.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, false, or_, select

from geo_data.queries.masking import MASK, mask
from geo_data.records import Hit, Scope
from geo_data.regions import RegionTree, region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

NEWEST_INCIDENTS = 5_000
"""Incidents whose title and address are searched; older ones are found by their number."""

_MANY = "building"
"""A hundred thousand buildings must not bury the residential areas they are named after."""
_EDGE = "\x1f"
_AFTER = "\uffff"

Line = tuple[Hit, str]
"""What to show, and the fields to search, each between two edges."""


@dataclass(frozen=True, slots=True)
class _Index:
    """Lines of ``text`` in the order of ``hits``; a line begins at each of ``starts``."""

    text: str
    starts: list[int]
    hits: list[Hit]

    def best(self, wanted: str, limit: int) -> list[Hit]:
        """Return the lines with ``wanted`` as a field, then as the beginning of one, then in."""
        rows: dict[int, None] = {}
        for form in (f"{_EDGE}{wanted}{_EDGE}", f"{_EDGE}{wanted}", wanted):
            rows |= dict.fromkeys(self._rows(form, limit))
        return [self.hits[row] for row in rows][:limit]

    def _rows(self, form: str, limit: int) -> Iterator[int]:
        at = self.text.find(form)
        for _ in range(limit):
            if at < 0:
                return
            row = bisect_right(self.starts, at) - 1
            yield row
            at = self.text.find(form, self.starts[row + 1])


def search(store: Store, scope: Scope, text: str, limit: int = 20) -> list[Hit]:
    """Return what a search text may mean, best first.

    Parameters
    ----------
    store, scope
        Where, and who asks; withheld fields are neither shown nor searched.
    text : str
        Part of a name, code or address; or of the pinyin of a name, initials or in full. Case
        and full-width forms do not matter.
    limit : int
        At most so many.

    Returns
    -------
    list of Hit
        What has exactly this code or name, then regions, places, sensors, incidents: each with
        those that begin with the text before those that hold it. No kind takes more than half
        the list while another has something to show. The ``code`` of an incident is its id, its
        ``detail`` begins with the number people quote.
    """
    wanted = _plain(text)
    if not wanted or limit < 1:
        return []
    groups = [index.best(wanted, limit) for index in _indexes(store, scope)]
    with store.read() as connection:
        groups.append(_incidents(store, scope, connection, wanted, limit))
    exact = [hit for group in groups for hit in group if _is_exactly(hit, wanted)]
    rest = [[hit for hit in group if hit not in exact] for group in groups]
    return [*exact, *_fair(rest, limit - len(exact))][:limit]


def _plain(text: str) -> str:
    return " ".join(_fold(text).replace(_EDGE, " ").split())


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_exactly(hit: Hit, wanted: str) -> bool:
    quoted = hit.detail.partition(" ")[0] if hit.kind == "incident" else hit.code
    return wanted in (_fold(quoted), _fold(hit.name))


def _fair(groups: Sequence[list[Hit]], limit: int) -> list[Hit]:
    """Share the list: each group half of what is left, then to half of all, then what remains."""
    shares = [0] * len(groups)
    left = max(limit, 0)
    for most in (None, (limit + 1) // 2, limit):
        for number, group in enumerate(groups):
            share = (left + 1) // 2 if most is None else most
            more = max(min(len(group), share) - shares[number], 0)
            shares[number] += min(more, left)
            left -= min(more, left)
    return [hit for group, share in zip(groups, shares, strict=True) for hit in group[:share]]


def _indexes(store: Store, scope: Scope) -> tuple[_Index, ...]:
    """Return the indexes of regions, places and sensors, built once per version and scope."""
    stamp = store.stamp("regions", "places", "sensors")
    key = ("search", scope.region_code, scope.kinds, scope.masked)
    return store.cached(key, stamp, lambda: _build(store, scope))


def _build(store: Store, scope: Scope) -> tuple[_Index, ...]:
    tree = region_tree(store, scope)
    names = {region.code: region.name for region in tree.regions()}
    tables = store.tables
    with store.read() as connection:
        typed = connection.execute(
            select(tables.regions.c.code, tables.regions.c.pinyin).where(
                one_of(tables.regions.c.code, names)
            )
        )
        pinyin = {row.code: row.pinyin for row in typed}
        places = connection.execute(_named(store.tables.places, tree, scope)).mappings().all()
        sensors = connection.execute(_named(store.tables.sensors, tree, scope)).mappings().all()
    return (
        _index(_region_lines(tree, names, pinyin, scope)),
        _index(_lines("place", places, names, scope)),
        _index(_lines("sensor", sensors, names, scope)),
    )


def _named(table: Any, tree: RegionTree, scope: Scope) -> Select[Any]:
    """Everything of a table that may be seen: few of a kind first, short names first."""
    names = ("code", "kind", "name", "pinyin", "region_code", "lon", "lat", "address")
    columns = [table.c[name] for name in names if name in table.c]
    chosen = select(*columns).where(one_of(table.c.region_code, tree.subtree(tree.root.code)))
    if scope.kinds is not None:
        chosen = chosen.where(one_of(table.c.kind, scope.kinds))
    return chosen.order_by(case((table.c.kind == _MANY, 1), else_=0), table.c.code)


def _region_lines(
    tree: RegionTree, names: Mapping[str, str], pinyin: Mapping[str, str], scope: Scope
) -> Iterator[Line]:
    # Coarse before fine: a town before the ninety grids named after it.
    for region in sorted(tree.regions(), key=lambda one: tree.level_index(one.code)):
        parent = names.get(region.parent_code or "", "")
        hit = Hit("region", region.code, region.name, parent, region.code, region.lon, region.lat)
        yield mask(hit, scope), _fields(region.code, region.name, pinyin[region.code], None, scope)


def _lines(
    kind: str, rows: Iterable[RowMapping], names: Mapping[str, str], scope: Scope
) -> Iterator[Line]:
    for row in rows:
        code, name, region_code = row["code"], row["name"], row["region_code"]
        address = None if "address" in scope.masked else row.get("address")
        detail = address or names[region_code]
        hit = Hit(kind, code, name, detail, region_code, row["lon"], row["lat"])
        yield mask(hit, scope), _fields(code, name, row["pinyin"], address, scope)


def _fields(code: str, name: str, pinyin: str, address: str | None, scope: Scope) -> str:
    fields = [code] if "name" in scope.masked else [code, name, *pinyin.split(" ")]
    joined = _EDGE.join([*fields, address] if address else fields)
    return f"{_EDGE}{joined}{_EDGE}".replace("\n", " ")


def _index(lines: Iterable[Line]) -> _Index:
    hits: list[Hit] = []
    fields: list[str] = []
    for hit, line in lines:
        hits.append(hit)
        fields.append(line)
    # Folded as a whole: one call instead of a hundred thousand.
    text = _fold("\n".join(fields))
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    return _Index(text, starts, hits)


def _incidents(
    store: Store, scope: Scope, connection: Connection, wanted: str, limit: int
) -> list[Hit]:
    """Return the cases whose number begins with the text, then the newest that speak of it."""
    tree = region_tree(store, scope)
    codes = region_codes(tree, tree.root.code)
    table = store.tables.incidents
    found: dict[int, Hit] = {}
    for condition in (_numbered(store, wanted), _spoken_of(store, scope, wanted)):
        chosen = select(table).where(condition)
        if codes is not None:
            chosen = chosen.where(one_of(table.c.region_code, codes))
        newest_first = (table.c.reported_at.desc(), table.c.id.desc())
        for row in connection.execute(chosen.order_by(*newest_first).limit(limit)):
            found.setdefault(row.id, _case_hit(row, tree.root.code, scope))
    return list(found.values())[:limit]


def _numbered(store: Store, wanted: str) -> ColumnElement[bool]:
    # Numbers are compared by the index, so case matters to it: try both.
    code = store.tables.incidents.c.code
    return or_(*(code.between(form, form + _AFTER) for form in {wanted, wanted.upper()}))


def _spoken_of(store: Store, scope: Scope, wanted: str) -> ColumnElement[bool]:
    table = store.tables.incidents
    newest = select(table.c.id).order_by(table.c.reported_at.desc()).limit(NEWEST_INCIDENTS)
    texts = [table.c[name] for name in ("title", "address") if name not in scope.masked]
    holds = [text.contains(wanted, autoescape=True) for text in texts]
    return and_(table.c.id.in_(newest), or_(false(), *holds))


def _case_hit(row: Any, root_code: str, scope: Scope) -> Hit:
    title = MASK if "title" in scope.masked else row.title
    address = None if "address" in scope.masked else row.address
    return Hit(
        kind="incident",
        code=str(row.id),
        name=title,
        detail=f"{row.code} {address or ''}".rstrip(),
        region_code=row.region_code or root_code,
        lon=row.lon,
        lat=row.lat,
    )
