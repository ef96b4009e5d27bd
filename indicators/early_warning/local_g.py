"""Where much lies beside much: the local statistic Gi* of Getis and Ord, and what it is worth.

The statistic is esda's. Its permutations are asked for in runs, so that their memory stays small,
and both tails are counted here, ties among them: counts are whole numbers, most of them zero,
and a neighbourhood without a case must not look colder than all the others without one.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from indicators.early_warning.metres import Geometries, to_metric

if TYPE_CHECKING:
    from libpysal.graph import Graph

Floats = npt.NDArray[np.float64]

RUN = 999
"""Permutations that are held at once: 4,000 regions of them are 32 MB."""
FEWEST = 30
"""With fewer regions the statistic is far from its normal shape (Ord and Getis, 1995)."""
TOUCH_M = 2.0
"""Borders that lie so near to each other touch: those of imported grids seldom meet exactly."""
MANY = 200
"""From so many regions on, neighbours are counted two steps away."""
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class LocalG:
    """Gi* of each region, all of shape (n,); NaN for what has no neighbour.

    Parameters
    ----------
    z : float64
        Standard deviations from what is expected where values lie anyhow.
    p_hot, p_cold : float64
        One-sided: how often permuted values make a sum as high, as low.
    """

    z: Floats
    p_hot: Floats
    p_cold: Floats


def contiguity(outlines: Geometries, crs: str) -> Graph:
    """Return which regions are neighbours, as a libpysal ``Graph`` of ones.

    Parameters
    ----------
    outlines : array of shapely geometries in EPSG:4326, shape (n,)
    crs : str
        The city's metric CRS.

    Notes
    -----
    Neighbours touch, corners included. Where there are more than :data:`MANY` regions, each is a
    few hundred metres: there the neighbours of neighbours are neighbours too, for what happens in
    one grid is felt two grids away, and a sum over seven counts of nought and one tells nothing.
    """
    from libpysal.graph import Graph

    metric = np.atleast_1d(to_metric(outlines, crs))
    focal, near = shapely.STRtree(metric).query(metric, predicate="dwithin", distance=TOUCH_M)
    apart = focal != near
    focal, near = focal[apart], near[apart]
    # An island is its own neighbour of weight nought: so the graph knows of it.
    alone = np.setdiff1d(np.arange(len(metric)), focal)
    weights = np.concatenate([np.ones(len(focal)), np.zeros(len(alone))])
    focal, near = np.concatenate([focal, alone]), np.concatenate([near, alone])
    # A graph numbers regions in the order in which it first hears of them.
    order = np.lexsort((near, focal))
    graph = Graph.from_arrays(focal[order], near[order], weights[order])
    return graph.higher_order(2, lower_order=True) if len(metric) > MANY else graph


def local_g_star(values: Floats, graph: Graph, runs: int = 1, seed: int = 7) -> LocalG | None:
    """Return Gi* of each region with its permutation test; ``None`` where it says nothing.

    Parameters
    ----------
    values : float64, shape (n,)
        Not negative.
    graph : libpysal.graph.Graph
        As :func:`contiguity` gives it, in the order of the values.
    runs : int
        So many times :data:`RUN` permutations: the least p is ``1 / (runs * RUN + 1)``.
    seed : int
        Equal seeds give equal answers.

    Notes
    -----
    Conditional permutation: the value of the region itself stays, those of its neighbours are
    drawn from all the others (Anselin, 1995).
    """
    if not values.any() or np.ptp(values) == 0:
        return None
    from esda.getisord import G_Local

    as_high = np.zeros(len(values), dtype=np.int64)
    as_low = np.zeros(len(values), dtype=np.int64)
    z = np.zeros(len(values))
    for run in range(runs):
        with warnings.catch_warnings():
            # It warns that its own p will be two-sided: that one is not read.
            warnings.simplefilter("ignore")
            found = G_Local(
                *(values, graph), transform="B", permutations=RUN, star=True, seed=seed + run,
                n_jobs=1, keep_simulations=True,
            )  # fmt: skip
        slack = _TIE * np.abs(found.Gs)[:, None]
        as_high += (found.rGs >= found.Gs[:, None] - slack).sum(axis=1)
        as_low += (found.rGs <= found.Gs[:, None] + slack).sum(axis=1)
        z = np.asarray(found.Zs, dtype=np.float64)
    drawn = runs * RUN + 1
    alone = np.isin(graph.unique_ids.to_numpy(), graph.isolates.to_numpy())
    p_hot, p_cold = ((counted + 1.0) / drawn for counted in (as_high, as_low))
    for column in (z, p_hot, p_cold):
        column[alone] = np.nan
    return LocalG(z, p_hot, p_cold)
