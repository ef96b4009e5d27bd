"""Where many cases lie close together: DBSCAN, and whether chance alone would make as much of it.

Cases always lie where people are. So the question is not whether they lie together, but whether
the newest lie together more than a random choice of all cases of the season would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MIN_SAMPLES = 5
"""So many within reach of each other are a core: one more than twice the dimensions, which Sander
et al. (1998) propose, since cases are counted and the fifth is what an operator calls a heap."""
LEAST_M, MOST_M = 50.0, 250.0
"""A house and the next one; what one person walks in a few minutes."""
DRAWS = 199
_SITE_M = 1.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Newest cases that lie together more than chance would have them.

    Parameters
    ----------
    rows : int64, shape (n,)
        Which of the newest, by their place in what was given.
    expected : float
        How many a random choice would put there.
    p : float
        How often the most striking cluster of a random choice strikes as much: corrected, so,
        for looking everywhere at once.
    outline : shapely.Polygon
        Their hull, in metres.
    """

    rows: Whole
    expected: float
    p: float
    outline: shapely.Polygon


def reach_m(pool: Floats, share: float) -> float:
    """Return the radius of DBSCAN for a choice of ``share`` of the pool.

    Parameters
    ----------
    pool : float64, shape (n, 2)
        All positions, in metres.
    share : float
        Which part of them will be looked at at once.

    Notes
    -----
    So far that chance puts one more of the choice within reach of a case that lies in the middle
    of the list of all by how close its neighbours are; five there are out of the ordinary then.
    It knows nothing of which cases are new, or the test below would not be honest. Kept within
    :data:`LEAST_M` and :data:`MOST_M`.
    """
    from sklearn.neighbors import NearestNeighbors

    rank = min(max(round(1 / share), 1), len(pool) - 1)
    # Two thousand of them tell the middle as well as all.
    asked = pool[np.linspace(0, len(pool) - 1, min(len(pool), 2000)).astype(int)]
    away = NearestNeighbors(n_neighbors=rank + 1).fit(pool).kneighbors(asked)[0][:, -1]
    return float(np.clip(np.median(away), LEAST_M, MOST_M))


def clusters(
    newest: Floats, before: Floats, draws: int = DRAWS, seed: int = 7
) -> tuple[list[Cluster], float]:
    """Return the clusters of the newest cases, most striking first, and the radius.

    Parameters
    ----------
    newest, before : float64, shape (n, 2)
        Positions in metres: of the cases in question, and of those of the weeks before.
    draws : int
        So many random choices are compared with.

    Notes
    -----
    DBSCAN on the newest. A cluster strikes by the likelihood ratio of Kulldorff (1997): how many
    cases lie within reach of its cores against how many would by the share of the newest in all.
    The null hypothesis shuffles which cases are the newest over the places of all of them; each
    shuffle gives the most striking of its clusters, and p ranks a cluster among those.
    """
    if len(newest) < MIN_SAMPLES or len(before) < len(newest):
        return [], LEAST_M
    sites, site = _sites(np.concatenate([newest, before]))
    pool = np.bincount(site, minlength=len(sites))
    mine = np.bincount(site[: len(newest)], minlength=len(sites))
    reach = reach_m(np.concatenate([newest, before]), len(newest) / len(site))
    near = _near(sites, reach)
    used = np.flatnonzero(mine)
    found = list(_heaps(near, mine, pool, _clustered(near[used][:, used], mine[used]), used))
    if not found:
        return [], reach
    random = np.random.default_rng(seed)
    chance = np.array([_most(near, _chosen(random, pool, len(newest)), pool) for _ in range(draws)])
    of_site = site[: len(newest)]
    made = [
        Cluster(
            np.flatnonzero(np.isin(of_site, heap.sites)),
            heap.expected,
            float((1 + (chance >= heap.strength).sum()) / (draws + 1)),
            _hull(sites[heap.sites[mine[heap.sites] > 0]], reach),
        )
        for heap in sorted(found, key=lambda one: -one.strength)
    ]
    return made, reach


@dataclass(frozen=True, slots=True)
class _Heap:
    sites: Whole
    expected: float
    strength: float


def _sites(points: Floats) -> tuple[Floats, Whole]:
    """Put together what lies at one spot: a market reports hundreds of times."""
    rounded = np.round(points / _SITE_M).astype(np.int64)
    _, first, site = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    return points[first], site.reshape(-1)


def _near(sites: Floats, reach: float) -> Any:
    from sklearn.neighbors import radius_neighbors_graph

    graph = radius_neighbors_graph(sites, reach, mode="connectivity", include_self=True)
    return graph.tocsr()


def _chosen(random: np.random.Generator, pool: Whole, n: int) -> Whole:
    return random.multivariate_hypergeometric(pool, n, method="marginals")


def _most(near: Any, counts: Whole, pool: Whole) -> float:
    used = np.flatnonzero(counts)
    heaps = _heaps(near, counts, pool, _joined(near[used][:, used], counts[used]), used)
    return max((heap.strength for heap in heaps), default=0.0)


def _clustered(inner: Any, counts: Whole) -> Whole:
    """Return the cluster of each site that is a core by DBSCAN; -1 for the others."""
    from sklearn.cluster import DBSCAN

    labels = DBSCAN(eps=1.0, min_samples=MIN_SAMPLES, metric="precomputed")
    found = labels.fit(inner, sample_weight=counts)
    of_cores = np.full(len(counts), -1, dtype=np.int64)
    of_cores[found.core_sample_indices_] = found.labels_[found.core_sample_indices_]
    return of_cores


def _joined(inner: Any, counts: Whole) -> Whole:
    """Do what :func:`_clustered` does, without the rims of clusters: a tenth of the time."""
    from scipy.sparse.csgraph import connected_components

    cores = np.flatnonzero(inner @ counts >= MIN_SAMPLES)
    of_cores = np.full(len(counts), -1, dtype=np.int64)
    of_cores[cores] = connected_components(inner[cores][:, cores], directed=False)[1]
    return of_cores


def _heaps(near: Any, counts: Whole, pool: Whole, cluster: Whole, used: Whole) -> Iterator[_Heap]:
    """Yield the clusters of cases counted by site, with how much each strikes."""
    total, share = int(counts.sum()), counts.sum() / pool.sum()
    for label in range(int(cluster.max(initial=-1)) + 1):
        reached = np.unique(near[used[cluster == label]].indices)
        n, expected = int(counts[reached].sum()), float(pool[reached].sum() * share)
        yield _Heap(reached, expected, _likelihood_ratio(n, expected, total))


def _likelihood_ratio(n: int, expected: float, total: int) -> float:
    """Return the log of how much likelier many cases are here if more happens here than elsewhere.

    Examples
    --------
    >>> _likelihood_ratio(5, 5.0, 100)
    0.0
    >>> round(_likelihood_ratio(10, 5.0, 100), 3)
    2.065
    """
    if n <= expected or total <= expected:
        return 0.0
    rest = (total - n) * np.log((total - n) / (total - expected)) if n < total else 0.0
    return float(n * np.log(n / expected) + rest)


def _hull(points: Floats, reach: float) -> shapely.Polygon:
    hull: shapely.Polygon = shapely.MultiPoint(points).convex_hull.buffer(reach / 3, quad_segs=4)
    return hull
