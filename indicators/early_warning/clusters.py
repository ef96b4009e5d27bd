"""Where the newest cases lie closer together than those of the weeks before."""

from __future__ import annotations

from collections import Counter

import numpy as np
import shapely

from geo_data.store import Store
from geo_data.words import Label
from indicators.early_warning.density import Cluster, clusters
from indicators.early_warning.metres import metric_points, to_degree
from indicators.early_warning.past import Past
from indicators.early_warning.signal import MOST_CASES, Signal
from indicators.early_warning.wording import chance, sentence, term

NEWEST_DAYS, BEFORE_WEEKS = 14, 12
LEAST_DAYS = 28
P = 0.05
"""Where nothing is the matter, one look in twenty finds a cluster: the test looks everywhere at
once already."""


def cluster_signals(store: Store, past: Past) -> tuple[list[Signal], list[Label]]:
    """Return the clusters of the last fortnight, and what could not be looked at."""
    if past.days < LEAST_DAYS:
        return [], [sentence("note-short-cluster", {"days": past.days})]
    cases, crs = past.cases, store.city.metric_crs
    weeks = min(BEFORE_WEEKS, (past.days - NEWEST_DAYS) // 7)
    placed = np.isfinite(cases.lon)
    newest = np.flatnonzero(placed & (past.day < NEWEST_DAYS))
    until = NEWEST_DAYS + 7 * weeks
    before = placed & (past.day >= NEWEST_DAYS) & (past.day < until)
    now, then = (
        metric_points(cases.lon[chosen], cases.lat[chosen], crs) for chosen in (newest, before)
    )
    found, _ = clusters(now, then)
    kept = [one for one in found if one.p <= P]
    return [_signal(past, newest[one.rows], one, weeks, crs) for one in kept], []


def _signal(past: Past, rows: np.ndarray, found: Cluster, weeks: int, crs: str) -> Signal:
    cases = past.cases
    ring = shapely.get_coordinates(to_degree(found.outline.exterior, crs)).round(6)
    middle = to_degree(found.outline.centroid, crs)
    region_code = _most(cases.region[rows]) or past.tree.root.code
    category = _most(cases.category[rows])
    values = {
        "where": where(past, region_code),
        "across": f"{2 * shapely.minimum_bounding_radius(found.outline):.0f}",
        "days": NEWEST_DAYS,
        "weeks": weeks + NEWEST_DAYS // 7,
        "n": len(rows),
        "expected": f"{found.expected:.1f}",
        "category": term("categories", category),
        "chance": lambda language: chance(found.p, language),
    }
    return Signal(
        kind="cluster",
        key=f"cluster:{middle.x:.3f},{middle.y:.3f}",
        region_code=region_code,
        window=past.last(NEWEST_DAYS),
        strength=len(rows) / found.expected if found.expected else float(len(rows)),
        count=len(rows),
        expected=found.expected,
        p=found.p,
        q=found.p,
        reason=sentence("reason-cluster", values),
        category=category,
        cases=tuple(cases.id[rows][::-1].tolist()[:MOST_CASES]),
        lon=float(middle.x),
        lat=float(middle.y),
        outline=tuple((float(x), float(y)) for x, y in ring),
    )


def _most(keys: np.ndarray) -> str:
    return str(Counter(keys.tolist()).most_common(1)[0][0])


def where(past: Past, region_code: str) -> str:
    """Name a region with the one it lies in."""
    chain = past.tree.ancestors(region_code)
    return " ".join(region.name for region in chain[-2:] if region.parent_code is not None)
