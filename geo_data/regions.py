"""Which regions there are, and which lies in which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select

from geo_data.faults import Fault, InputError
from geo_data.records import FUNCTIONAL, Region, Scope
from geo_data.store import STORE_EXIT, Store


@dataclass(frozen=True, slots=True)
class _Runs:
    """Where the numbers of many regions lie: a run each, but single numbers for areas beside."""

    start: np.ndarray[tuple[int], np.dtype[np.int64]]
    end: np.ndarray[tuple[int], np.dtype[np.int64]]
    levels: np.ndarray[tuple[int], np.dtype[np.int64]]
    scattered: Mapping[int, np.ndarray[tuple[int], np.dtype[np.int32]]]


@dataclass(frozen=True, slots=True)
class _Chain:
    """The whole city: regions in drill order, every subtree a run ``[start, end)`` of them."""

    regions: tuple[Region, ...]
    spans: Mapping[str, tuple[int, int]]
    children: Mapping[str, tuple[Region, ...]]
    functional: tuple[Region, ...]
    inside: Mapping[str, tuple[str, ...]]
    level_keys: tuple[str, ...]


class RegionTree:
    """The regions a viewer may see; immutable, in memory.

    Parameters
    ----------
    chain : _Chain
        The whole city.
    root_code : str
        Where this viewer's city begins.
    """

    def __init__(self, chain: _Chain, root_code: str) -> None:
        self._chain = chain
        self._start, self._end = chain.spans[root_code]
        # What lies above is none of the viewer's business.
        self.root: Region = replace(chain.regions[self._start], parent_code=None)
        self.functional: list[Region] = [
            area
            for area in chain.functional
            if area.parent_code is not None and self._sees(area.parent_code)
        ]
        self._areas = {area.code: area for area in self.functional}
        self._levels: dict[str, list[str]] = {}
        self._runs: dict[tuple[str, ...], _Runs] = {}

    @property
    def is_whole_city(self) -> bool:
        """Whether nothing of the city is hidden: only then cases outside it are seen."""
        return self._start == 0

    def regions(self) -> list[Region]:
        """Return every visible region in drill order, functional areas last."""
        below = self._chain.regions[self._start + 1 : self._end]
        return [self.root, *below, *self.functional]

    def get(self, code: str) -> Region | None:
        """Return a visible region or functional area; ``None`` for anything else."""
        if code == self.root.code:
            return self.root
        if self._sees(code):
            return self._chain.regions[self._chain.spans[code][0]]
        return self._areas.get(code)

    def children(self, code: str) -> list[Region]:
        """Return the regions one level below ``code``, by code; none below a functional area.

        Raises
        ------
        KeyError
            ``code`` is not visible; so do all methods but :meth:`get`.
        """
        self._known(code)
        return list(self._chain.children.get(code, ()))

    def ancestors(self, code: str) -> list[Region]:
        """Return the chain from the viewer's root down to ``code`` itself."""
        chain = [self._known(code)]
        while (parent := chain[-1].parent_code) is not None and self._sees(parent):
            chain.append(self._known(parent))
        return chain[::-1]

    def subtree(self, code: str) -> tuple[str, ...]:
        """Return the codes of ``code`` and of everything below it.

        A functional area overlaps regions instead of holding them: it is represented by the
        regions of the finest level whose label point lies in it.
        """
        if code in self._areas:
            return self._chain.inside[code]
        start, end = self.span(code)
        return tuple(region.code for region in self._chain.regions[start:end])

    def finest(self, code: str) -> tuple[str, ...]:
        """Return the codes under ``code`` that nothing is below of: itself if it has none."""
        if code in self._areas:
            return self._chain.inside[code]
        children = self._chain.children
        return tuple(one for one in self.subtree(code) if one not in children)

    def level_index(self, code: str) -> int:
        """Return how far below the city's root level ``code`` is; -1 for functional areas."""
        level = self._known(code).level
        return -1 if level == FUNCTIONAL else self._chain.level_keys.index(level)

    def contains(self, code: str, other: str) -> bool:
        """Whether ``other`` is ``code`` or lies below it; false where either is not visible."""
        if not self._sees(code):
            return code == other and code in self._areas
        if other in self._areas:
            parent = self._areas[other].parent_code
            return parent is not None and self.contains(code, parent)
        if not self._sees(other):
            return False
        start, end = self._chain.spans[code]
        return start <= self._chain.spans[other][0] < end

    def levels_of(self, codes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return :meth:`level_index` of many regions, shape (codes,); -1 for one not visible."""
        return self._runs_of(codes).levels

    def sums_below(
        self, counts: np.ndarray[tuple[int], np.dtype[np.int64]], codes: Sequence[str]
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Add up counts per region over many regions with everything below each.

        Parameters
        ----------
        counts : int64, shape (regions of the city,)
            By the numbers of :meth:`order`.
        codes : sequence of str
            Regions and functional areas.

        Returns
        -------
        int64, shape (codes,)
            0 for one that is not visible.
        """
        runs = self._runs_of(codes)
        running = np.concatenate([[0], np.cumsum(counts)])
        sums: np.ndarray[tuple[int], np.dtype[np.int64]] = running[runs.end] - running[runs.start]
        for place, numbers in runs.scattered.items():
            sums[place] = counts[numbers].sum()
        return sums

    def codes_at(self, level: str) -> list[str]:
        """Return the codes of one level, in drill order; ``"functional"`` is a level too."""
        if level not in self._levels:
            found = [region.code for region in self.regions() if region.level == level]
            self._levels[level] = found
        return list(self._levels[level])

    def span(self, code: str) -> tuple[int, int]:
        """Return ``[start, end)`` of the subtree of ``code`` in the numbering of :meth:`order`."""
        self._known(code)
        return self._chain.spans[code]

    def order(self, codes: Iterable[str | None]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Number regions in drill order, so that a subtree is a run of numbers.

        Parameters
        ----------
        codes : iterable of str or None
            Visible or not.

        Returns
        -------
        int32, shape (n,)
            -1 where the code is not visible.
        """
        spans, start, end = self._chain.spans, self._start, self._end
        places = (spans[code][0] if code and code in spans else -1 for code in codes)
        return np.array([at if start <= at < end else -1 for at in places], dtype=np.int32)

    def code_at(self, number: int) -> str | None:
        """Return the code that :meth:`order` gives a number; ``None`` where it is not visible."""
        seen = self._start <= number < self._end
        return self._chain.regions[number].code if seen else None

    def reach(self, codes: Sequence[str]) -> tuple[int, int]:
        """Return the least run of numbers that holds every visible one of some regions."""
        runs = self._runs_of(codes)
        there = runs.end > runs.start
        scattered = [numbers for numbers in runs.scattered.values() if len(numbers)]
        lows = [*runs.start[there].tolist(), *(int(numbers.min()) for numbers in scattered)]
        highs = [*runs.end[there].tolist(), *(int(numbers.max()) + 1 for numbers in scattered)]
        return min(lows, default=0), max(highs, default=0)

    def within(
        self, numbers: np.ndarray[Any, np.dtype[np.int32]], code: str
    ) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Say which regions lie in ``code``, itself among them.

        Parameters
        ----------
        numbers : int32, shape (n,)
            As :meth:`order` gives them.
        code : str
            A region or functional area; nothing lies in one that is not visible.

        Returns
        -------
        bool, shape (n,)
        """
        if code in self._areas:
            return np.isin(numbers, self.order(self.subtree(code)))
        start, end = self._chain.spans[code] if self._sees(code) else (0, 0)
        return (numbers >= start) & (numbers < end)

    def _runs_of(self, codes: Sequence[str]) -> _Runs:
        # Asked for level by level and for the children of a region: as many as there are regions.
        asked = tuple(codes)
        found = self._runs.get(asked)
        if found is None:
            spans = [self._chain.spans[code] if self._sees(code) else (0, 0) for code in asked]
            start, end = np.array(spans, dtype=np.int64).reshape(-1, 2).T
            found = self._runs[asked] = _Runs(
                start,
                end,
                np.array([self.level_index(code) if self.get(code) else -1 for code in asked]),
                {
                    place: self.order(self.subtree(code))
                    for place, code in enumerate(asked)
                    if code in self._areas
                },
            )
        return found

    def _sees(self, code: str) -> bool:
        span = self._chain.spans.get(code)
        return span is not None and self._start <= span[0] < self._end

    def _known(self, code: str) -> Region:
        region = self.get(code)
        if region is None:
            raise KeyError(code)
        return region


def region_tree(store: Store, scope: Scope) -> RegionTree:
    """Return the regions ``scope`` may see; built once per version of the regions.

    Raises
    ------
    InputError
        The store has no regions yet (exit code 3), or the scope names a region that it does
        not have: then nothing at all may be seen.
    """
    stamp = store.stamp("regions")
    chain = store.cached("regions", stamp, lambda: _read_chain(store))
    root_code = scope.region_code or chain.regions[0].code
    if root_code not in chain.spans:
        raise InputError(Fault("scope-region", values={"code": root_code}))
    return store.cached(("region-tree", root_code), stamp, lambda: RegionTree(chain, root_code))


def sees_region(store: Store, scope: Scope, code: str | None) -> bool:
    """Whether what lies in ``code`` may be seen; ``None`` is outside the city."""
    tree = region_tree(store, scope)
    return tree.is_whole_city if code is None else tree.get(code) is not None


def region_codes(tree: RegionTree, region_code: str) -> tuple[str, ...] | None:
    """Return the regions to look in; ``None`` where nothing needs leaving out."""
    if tree.is_whole_city and region_code == tree.root.code:
        return None
    return tree.subtree(region_code)


def _read_chain(store: Store) -> _Chain:
    table = store.tables.regions
    columns = [
        column for column in table.c if column.name not in ("fid", "geom", "geom_3857", "pinyin")
    ]
    with store.read() as connection:
        rows = connection.execute(select(*columns).order_by(table.c.code)).all()
        areas = dict(
            connection.execute(
                select(table.c.code, table.c.geom).where(table.c.level == FUNCTIONAL)
            ).all()
        )
    everything = [_region(row) for row in rows]
    regions, spans, children = _in_drill_order(store, everything)
    finest = [region for region in regions if region.code not in children]
    points = shapely.points([(region.lon, region.lat) for region in finest])
    return _Chain(
        regions=tuple(regions),
        spans=spans,
        children=children,
        functional=tuple(region for region in everything if region.level == FUNCTIONAL),
        inside={code: _inside(area, finest, points) for code, area in areas.items()},
        level_keys=store.city.level_keys,
    )


def _region(row: object) -> Region:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    bbox = tuple(values.pop(side) for side in ("west", "south", "east", "north"))
    return Region(bbox=bbox, **values)


def _inside(
    area: shapely.Geometry,
    finest: Sequence[Region],
    points: np.ndarray[tuple[int], np.dtype[np.object_]],
) -> tuple[str, ...]:
    shapely.prepare(area)
    covered = np.flatnonzero(shapely.covers(area, points)).tolist()
    return tuple(finest[index].code for index in covered)


def _in_drill_order(
    store: Store, everything: Sequence[Region]
) -> tuple[list[Region], dict[str, tuple[int, int]], dict[str, tuple[Region, ...]]]:
    chain = [region for region in everything if region.level != FUNCTIONAL]
    children: dict[str, list[Region]] = {}
    for region in chain:
        if region.parent_code is not None and region.level != store.city.root_level:
            children.setdefault(region.parent_code, []).append(region)
    roots = [region for region in chain if region.level == store.city.root_level]
    root = next((region for region in roots if region.code == store.city.code), None)
    if root is None and not roots:
        raise InputError(Fault("store-empty", file=store.name), exit_code=STORE_EXIT)
    ordered: list[Region] = []
    spans: dict[str, tuple[int, int]] = {}

    def walk(region: Region) -> None:
        start = len(ordered)
        ordered.append(region)
        for child in children.get(region.code, ()):
            walk(child)
        spans[region.code] = (start, len(ordered))

    walk(root or roots[0])
    return ordered, spans, {code: tuple(below) for code, below in children.items()}
