"""Which blocks make a town, and which of a town's blocks make a village."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo_data.demo.blocks import edges_of
from geo_data.demo.mesh import Floats, Mesh, Ring, area_and_middle
from geo_data.demo.plan import Plan

Ints = NDArray[np.int64]

_ROUNDS = 28
_CROSSING = {"river": 1.2, "road": 0.5}
_WIDE_RIVER_M = 200.0
_STARVED = 0.4


@dataclass(frozen=True, slots=True)
class Blocks:
    """Faces and how they touch.

    Parameters
    ----------
    area_m2, x, y : ndarray
        Per block.
    shared_m : list of dict
        Per block: neighbour -> length of the common border.
    barrier : list of dict
        Per block: neighbour -> how much harder the border is to cross than open land.
    """

    area_m2: Floats
    x: Floats
    y: Floats
    shared_m: list[dict[int, float]]
    barrier: list[dict[int, float]]


def join_blocks(mesh: Mesh, rings: Sequence[Ring], plan: Plan) -> Blocks:
    """Measure faces and find which share a border, and across which rivers."""
    measured = np.empty((len(rings), 3))
    owners: dict[tuple[int, int], int] = {}
    shared: list[dict[int, float]] = [defaultdict(float) for _ in rings]
    hard: list[dict[int, float]] = [defaultdict(float) for _ in rings]
    for number, ring in enumerate(rings):
        refined = mesh.refined(ring)
        measured[number] = area_and_middle(mesh.at(refined))
        for edge in edges_of(refined):
            other = owners.setdefault(edge, number)
            if other == number:
                continue
            length_m = mesh.length(edge)
            line = mesh.line_of(edge)
            cost = _crossing(plan, line) * length_m
            for one, two in ((number, other), (other, number)):
                shared[one][two] += length_m
                hard[one][two] += cost
    barrier = [
        {other: hard[number][other] / length_m for other, length_m in around.items()}
        for number, around in enumerate(shared)
    ]
    return Blocks(measured[:, 0], measured[:, 1], measured[:, 2], [*map(dict, shared)], barrier)


def _crossing(plan: Plan, line: int) -> float:
    if line < 0:
        return 0.0
    drawn = plan.lines[line]
    return 4.0 if drawn.width_m >= _WIDE_RIVER_M else _CROSSING[drawn.kind]


def grow_towns(blocks: Blocks, plan: Plan) -> Ints:
    """Give each block to a town: from its seat outwards, until its area is about right.

    Returns
    -------
    ndarray of int
        Number of the seat, per block. Every town holds a block and is in one piece, but for
        blocks that touch nothing.
    """
    seats = _seat_blocks(blocks, plan)
    wanted = np.array([seat.area_km2 for seat in plan.seats])
    wanted = wanted / wanted.sum() * blocks.area_m2.sum()
    at_most_m = 0.45 * np.sqrt(wanted)
    handicap_m = np.zeros(len(seats))
    best, best_miss = np.zeros(len(blocks.x), dtype=np.int64), np.inf
    for turn in range(_ROUNDS):
        town = _spread(blocks, seats, handicap_m)
        got = np.bincount(town, weights=blocks.area_m2, minlength=len(seats))
        miss = float(np.abs(got - wanted).sum())
        if miss < best_miss:
            best, best_miss = town, miss
        pace = 0.9 / (1.0 + turn / 12.0)
        handicap_m += pace * (np.sqrt(got) - np.sqrt(wanted))
        # A town that starts too late finds its own door closed by the neighbours.
        handicap_m = np.clip(handicap_m - handicap_m.mean(), -at_most_m, at_most_m)
    return _smoothed(blocks, _fed(blocks, best, seats, wanted), seats)


def _seat_blocks(blocks: Blocks, plan: Plan) -> list[int]:
    seats: list[int] = []
    for seat in plan.seats:
        away = np.hypot(blocks.x - seat.x, blocks.y - seat.y)
        away[seats] = np.inf
        seats.append(int(np.argmin(away)))
    return seats


def _spread(blocks: Blocks, seats: list[int], handicap_m: Floats) -> Ints:
    """Grow all towns at once, the nearest first; a handicap makes a town start later."""
    town = [-1] * len(blocks.x)
    x, y = blocks.x.tolist(), blocks.y.tolist()
    low = float(handicap_m.min())
    for owner, block in enumerate(seats):
        town[block] = owner
    waiting: list[tuple[float, int, int]] = []

    def step(at_m: float, block: int, owner: int) -> None:
        for other, barrier in blocks.barrier[block].items():
            if town[other] < 0:
                far_m = math.hypot(x[other] - x[block], y[other] - y[block])
                heapq.heappush(waiting, (at_m + far_m * (1.0 + barrier), other, owner))

    for owner, block in enumerate(seats):
        step(float(handicap_m[owner]) - low, block, owner)
    while waiting:
        at_m, block, owner = heapq.heappop(waiting)
        if town[block] < 0:
            town[block] = owner
            step(at_m, block, owner)
    for block in [number for number, owner in enumerate(town) if owner < 0]:
        away = np.hypot(blocks.x[seats] - x[block], blocks.y[seats] - y[block])
        town[block] = int(np.argmin(away))
    return np.array(town, dtype=np.int64)


def _fed(blocks: Blocks, town: Ints, seats: list[int], wanted: Floats) -> Ints:
    """Let a town that its neighbours closed in take the blocks nearest to its seat."""
    town = town.copy()
    got = np.bincount(town, weights=blocks.area_m2, minlength=len(seats))
    for hungry in np.flatnonzero(got < _STARVED * wanted).tolist():
        seat = seats[hungry]
        away = np.hypot(blocks.x - blocks.x[seat], blocks.y - blocks.y[seat])
        while got[hungry] < 1.5 * _STARVED * wanted[hungry]:
            beside = {
                other
                for block in np.flatnonzero(town == hungry).tolist()
                for other in blocks.shared_m[block]
                if town[other] != hungry and other not in seats and _spare(blocks, town, other)
            }
            if not beside:
                break
            nearest = min(beside, key=lambda other: (away[other], other))
            got[town[nearest]] -= blocks.area_m2[nearest]
            got[hungry] += blocks.area_m2[nearest]
            town[nearest] = hungry
    return town


def _smoothed(blocks: Blocks, town: Ints, seats: list[int]) -> Ints:
    """Hand over blocks that stick out into a neighbour, as long as nothing falls apart."""
    town = town.copy()
    for _ in range(3):
        for block in range(len(town)):
            if block in seats or not blocks.shared_m[block]:
                continue
            by_town: dict[int, float] = defaultdict(float)
            for other, length_m in blocks.shared_m[block].items():
                by_town[int(town[other])] += length_m / (1.0 + blocks.barrier[block][other])
            winner = max(by_town, key=lambda owner: (by_town[owner], -owner))
            own_m = by_town[int(town[block])]
            if (
                winner != town[block]
                and by_town[winner] > 1.9 * own_m
                and _spare(blocks, town, block)
            ):
                town[block] = winner
    return town


def _spare(blocks: Blocks, groups: Ints, block: int) -> bool:
    """Whether a group stays in one piece without a block."""
    own = [other for other in blocks.shared_m[block] if groups[other] == groups[block]]
    if len(own) < 2:
        return bool(own)
    seen, waiting = {own[0]}, [own[0]]
    while waiting:
        at = waiting.pop()
        for other in blocks.shared_m[at]:
            if other != block and groups[other] == groups[block] and other not in seen:
                seen.add(other)
                waiting.append(other)
    return all(other in seen for other in own)


def merge_villages(blocks: Blocks, town: Ints, size_m2: Floats, count: int) -> Ints:
    """Merge the smallest blocks of a town with a neighbour until ``count`` are left.

    Parameters
    ----------
    size_m2 : ndarray
        How large a village should be where each block lies.

    Returns
    -------
    ndarray of int
        Number of the village, per block, numbered from 0 without gaps.
    """
    members = {number: [number] for number in range(len(town))}
    area = dict(enumerate((blocks.area_m2 / size_m2).tolist()))
    shared = [dict(around) for around in blocks.shared_m]
    barrier = [dict(around) for around in blocks.barrier]
    stuck: set[int] = set()
    while len(members) > count and len(stuck) < len(members):
        small = min((number for number in members if number not in stuck), key=area.__getitem__)
        mates = [
            other
            for other, length_m in shared[small].items()
            if town[other] == town[small] and length_m > 60.0 and barrier[small][other] < 1.0
        ]
        if not mates:
            stuck.add(small)
            continue
        mate = min(
            mates, key=lambda other: (area[other] - 0.4 * shared[small][other] / 1000.0, other)
        )
        members[mate] += members.pop(small)
        area[mate] += area[small]
        for other, length_m in shared[small].items():
            shared[other].pop(small)
            if other == mate:
                continue
            for one, two in ((mate, other), (other, mate)):
                shared[one][two] = shared[one].get(two, 0.0) + length_m
                barrier[one][two] = barrier[one].get(two, barrier[small][other])
    village = np.empty(len(town), dtype=np.int64)
    for number, blocks_of in enumerate(members.values()):
        village[blocks_of] = number
    return village
