"""Whether more happened than the weeks before let expect: counts of few, judged as counts.

A count is set against its own recent level and its day of the week. Few cases a day swing widely:
the forecast they are judged by is a negative binomial, as wide as the past was and wider where
the past is short, so that three instead of one is no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WEEK = 7
_PRIOR_CASES = 50.0
"""So many cases a category needs before its own week counts as much as everybody's."""
_PRIOR_RATE = 0.5
"""Half a case more than was seen: what was never seen is not impossible."""
_CAPPED = 4.0
"""Standard deviations beyond which a past count is an event, not a level."""


@dataclass(frozen=True, slots=True)
class Excess:
    """How the newest count of each row stands, all of shape (n,).

    Parameters
    ----------
    expected : float64
        What the past lets expect.
    p : float64
        How likely so many or more are.
    spread : float64
        Variance over that of a Poisson count; at least 1.
    """

    expected: Floats
    p: Floats
    spread: Floats


def excess(
    counts: Floats, groups: npt.NDArray[np.int64], half_life: float, cycle: int = 1
) -> Excess:
    """Judge the newest count of each row by those before it.

    Parameters
    ----------
    counts : float64, shape (n, spans)
        Cases in spans of equal length, the newest last.
    groups : int64, shape (n,)
        Rows of one group share their cycle and how much they swing: the regions of a category.
    half_life : float
        After so many spans a count tells half as much of the present level.
    cycle : int
        Spans after which days are alike: 7 for days of the week, 1 for none.

    Notes
    -----
    Level: mean of past counts over the factor of their day, recent ones more, those beyond four
    standard deviations cut to that. Predictive: gamma-Poisson with the level's own uncertainty,
    its variance times the group's dispersion (Pearson's chi square over degrees of freedom).
    """
    past, newest = counts[:, :-1], counts[:, -1]
    n_spans = past.shape[1]
    weight = 0.5 ** (np.arange(n_spans)[::-1] / half_life)
    effective = weight.sum() ** 2 / (weight**2).sum()
    # Spans are told apart by how far they are from the newest.
    phase = (np.arange(n_spans) - n_spans) % cycle
    factor = _cycle(past, groups, phase, cycle)
    level = _level(past, factor[:, phase], weight)
    spread = np.ones(len(counts))
    for _ in range(4):
        # From narrow to wide: begun wide, an event would make room for itself.
        usual = factor[:, phase] * level[:, None]
        most = usual + _CAPPED * np.sqrt(spread[:, None] * np.maximum(usual, 1.0))
        cut = np.minimum(past, most)
        level = _level(cut, factor[:, phase], weight)
        spread = _spread(cut, factor[:, phase] * level[:, None], groups, effective)
    now = factor[:, 0]
    seen = level * effective + _PRIOR_RATE
    expected = now * seen / effective
    variance = spread * expected * (1.0 + now / effective)
    return Excess(now * level, _tail(newest, expected, variance), spread)


def _cycle(
    past: Floats, groups: npt.NDArray[np.int64], phase: npt.NDArray[np.int64], cycle: int
) -> Floats:
    """Return the factor of each day of the cycle for each row, shape (n, cycle), mean 1."""
    if cycle == 1:
        return np.ones((len(past), 1))
    alike = [past[:, phase == one] for one in range(cycle)]
    # Without the greatest of each: an event of one Monday does not make all Mondays busy.
    by_phase = np.stack(
        [(one.sum(axis=1) - one.max(axis=1)) / max(one.shape[1] - 1, 1) for one in alike], axis=1
    )
    everybody = by_phase.sum(axis=0) + 1e-9
    everybody /= everybody.mean()
    factor = np.ones_like(by_phase)
    for group in np.unique(groups):
        mine = groups == group
        own = by_phase[mine].sum(axis=0)
        share = past[mine].sum() / (past[mine].sum() + _PRIOR_CASES)
        usual = own / own.mean() if own.mean() > 0 else everybody
        factor[mine] = share * usual + (1.0 - share) * everybody
    kept: Floats = np.maximum(factor, 0.05)
    return kept


def _level(past: Floats, factor: Floats, weight: Floats) -> Floats:
    level: Floats = (past * weight).sum(axis=1) / (factor * weight).sum(axis=1)
    return level


def _spread(past: Floats, usual: Floats, groups: npt.NDArray[np.int64], effective: float) -> Floats:
    chi = (past - usual) ** 2 / np.maximum(usual, 1e-9)
    chi[usual <= 0] = np.nan
    spread = np.ones(len(past))
    for group in np.unique(groups):
        mine = chi[groups == group]
        if np.isfinite(mine).any():
            spread[groups == group] = np.nanmean(mine) * effective / max(effective - 1.0, 1.0)
    return np.maximum(spread, 1.0)


def _tail(newest: Floats, expected: Floats, variance: Floats) -> Floats:
    from scipy.stats import nbinom

    variance = np.maximum(variance, expected * 1.0001)
    share = expected / variance
    size = expected * share / (1.0 - share)
    tail: Floats = nbinom.sf(newest - 1, size, share)
    return tail
