"""What the next day and week will bring, and how wrong that would have been lately.

Two ways compete with the naive one, which says what was a week ago. Of the days that were kept
for it the first half chooses one of them, and the second, which it has not seen, says what the
chosen one is worth. Where that is no better than the naive one, the naive one is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Method = Literal["naive", "weekdays", "smoothing"]
METHODS: tuple[Method, ...] = get_args(Method)

WEEK = 7
TRIED = 56
"""Days on which it is tried what would have been foretold: eight weeks."""
LEARNT = 42
"""Days at least that come before the first of them."""
LEAST = LEARNT + TRIED + WEEK
NOMINAL = 0.8
"""Share of days that should lie within the interval."""
_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Prediction:
    """One forecast with its record.

    Parameters
    ----------
    steps : int
        Over how many days.
    method : str
        Whose numbers these are: ``naive`` where nothing was better.
    tried : str
        What competed with the naive one.
    value, low, high : float
        The forecast, and between what the value will lie in four cases of five.
    error, naive_error : float
        Mean absolute error of ``tried`` and of the naive one on the days neither had seen.
    scaled_error : float
        Error of ``tried`` over that of the naive one in the days it learnt from (MASE).
    coverage : float
        Share of those days on which the value lay within the interval that was shown.
    days : int
        How many those were.
    """

    steps: int
    method: Method
    tried: Method
    value: float
    low: float
    high: float
    error: float
    naive_error: float
    scaled_error: float
    coverage: float
    days: int

    @property
    def skill(self) -> float:
        """Share of the naive error that is saved; negative where it is worse."""
        return 1.0 - self.error / self.naive_error if self.naive_error > 0 else 0.0

    @property
    def is_naive(self) -> bool:
        """Whether nothing was better than what was a week ago."""
        return self.method == "naive"


def predict(series: Floats, steps: int) -> Prediction | None:
    """Return the sum of the next ``steps`` values of a series; ``None`` where it is too short.

    Parameters
    ----------
    series : float64, shape (days,)
        Not negative, the newest last, with a week in it; without gaps.
    steps : int
        From 1 to 7.

    Notes
    -----
    Rolling origin: at each of the last eight weeks' days every way foretells from what came
    before it alone. ``naive``: the same days of last week. ``weekdays``: the means of the same
    days of the week over eight weeks, which is what Poisson's regression on the day of the week
    estimates. ``smoothing``: exponential smoothing with an additive week, its parameters
    estimated once, on the days before the first origin. The interval is made of the errors that
    the same way made on origins whose outcome was known (split conformal, Vovk et al., 2005),
    in units of the root of what was foretold.
    """
    if len(series) < LEAST:
        return None
    origins = np.arange(len(series) - TRIED - steps + 1, len(series) + 1)
    told: dict[Method, Floats] = {
        method: ways(series, origins, steps) for method, ways in _WAYS.items()
    }
    # Of the last origins the outcome is not known yet.
    ends = origins + steps
    over = ends <= len(series)
    outcome = np.array([series[at : at + steps].sum() for at in origins[over]])
    errors: dict[Method, Floats] = {
        method: np.abs(values[over] - outcome) for method, values in told.items()
    }
    half = len(outcome) // 2
    tried: Method = min(METHODS[1:], key=lambda one: float(errors[one][:half].mean()))
    naive, own = errors["naive"], errors[tried]
    is_better = all(own[part].mean() < naive[part].mean() for part in _halves(half))
    method: Method = tried if is_better else "naive"
    return _made(steps, method, tried, told, outcome, half, errors, series)


def _halves(half: int) -> tuple[slice, slice]:
    return slice(0, half), slice(half, None)


def _made(
    steps: int,
    method: Method,
    tried: Method,
    told: Mapping[Method, Floats],
    outcome: Floats,
    half: int,
    errors: Mapping[Method, Floats],
    series: Floats,
) -> Prediction:
    shown = told[method]
    off = np.abs(outcome - shown[: len(outcome)]) / np.sqrt(np.maximum(shown[: len(outcome)], 1.0))
    # An origin knows the outcome of those that lie a whole forecast before it.
    inside = [off[at] <= _quantile(off[: at - steps + 1]) for at in range(half, len(outcome))]
    value = float(shown[-1])
    reach = _quantile(off) * float(np.sqrt(max(value, 1.0)))
    learnt = series[: len(series) - TRIED]
    usual = np.abs(learnt[WEEK:] - learnt[:-WEEK]).mean() if steps == 1 else _weekly(learnt, steps)
    error = float(errors[tried][half:].mean())
    return Prediction(
        steps,
        method,
        tried,
        value,
        max(value - reach, 0.0),
        value + reach,
        error,
        float(errors["naive"][half:].mean()),
        error / usual if usual > 0 else float("nan"),
        float(np.mean(inside)),
        len(outcome) - half,
    )


def _weekly(learnt: Floats, steps: int) -> float:
    sums = np.convolve(learnt, np.ones(steps), mode="valid")
    return float(np.abs(sums[WEEK:] - sums[:-WEEK]).mean())


def _quantile(off: Floats) -> float:
    """Return what the next is below with the nominal chance: the rank is one more than of n."""
    rank = int(np.ceil(NOMINAL * (len(off) + 1))) - 1
    return float(np.sort(off)[min(rank, len(off) - 1)])


def _naive(series: Floats, origins: npt.NDArray[np.int64], steps: int) -> Floats:
    return np.array([series[at - WEEK : at - WEEK + steps].sum() for at in origins])


def _weekdays(series: Floats, origins: npt.NDArray[np.int64], steps: int) -> Floats:
    told = []
    for at in origins.tolist():
        weeks = min(_WEEKS, at // WEEK)
        recent = series[at - weeks * WEEK : at].reshape(weeks, WEEK)
        told.append(recent.mean(axis=0)[:steps].sum())
    return np.array(told)


def _smoothing(series: Floats, origins: npt.NDArray[np.int64], steps: int) -> Floats:
    """Smooth once with parameters of before the first origin: each day's state foretells."""
    # The day's forecast and the week's learn from the same days, so the work is done once.
    learnt = series[: len(series) - TRIED - WEEK + 1]
    alpha, gamma = _smoothed(learnt.astype(np.float64).tobytes())
    weeks = series[: LEARNT // WEEK * WEEK].reshape(-1, WEEK)
    level = float(weeks.mean())
    season = weeks.mean(axis=0) - level
    wanted = dict.fromkeys(origins.tolist(), 0.0)
    for at in range(len(series) + 1):
        if at in wanted:
            ahead = [level + season[(at + step) % WEEK] for step in range(steps)]
            wanted[at] = max(float(np.sum(ahead)), 0.0)
        if at == len(series):
            break
        off = float(series[at]) - level - season[at % WEEK]
        level += alpha * off
        season[at % WEEK] += gamma * off
    return np.array(list(wanted.values()))


@lru_cache(maxsize=16)
def _smoothed(of: bytes) -> tuple[float, float]:
    """Estimate the parameters of ETS(A,N,A), Hyndman's form of exponential smoothing."""
    import warnings

    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    learnt = np.frombuffer(of)
    if np.ptp(learnt) == 0:
        return 0.0, 0.0
    model = ETSModel(
        learnt,
        error="add",
        seasonal="add",
        seasonal_periods=WEEK,
        initialization_method="heuristic",
    )
    with warnings.catch_warnings():
        # Where the likelihood is flat, it stops early and says so; the back-test judges.
        warnings.simplefilter("ignore")
        fitted = model.fit(disp=False, maxiter=60)
    named = dict(zip(model.param_names, fitted.params, strict=True))
    return float(named["smoothing_level"]), float(named["smoothing_seasonal"])


_WAYS: Mapping[Method, Callable[[Floats, npt.NDArray[np.int64], int], Floats]] = {
    "naive": _naive,
    "weekdays": _weekdays,
    "smoothing": _smoothing,
}
