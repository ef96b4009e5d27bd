"""Who finds what is wrong: the city itself, or the citizen who has to call."""

from __future__ import annotations

from indicators.formulas import quotient, share
from indicators.spec import Array, Cases, CasesOf, Grain, Residents
from indicators.wording import EVALUATED, describe

PER_RESIDENTS = 10_000.0


def proactive_rate(proactive: Array, filed: Array) -> Array:
    """Return 主动发现率 in percent: found by patrol, sensor or video out of all filed.

    Examples
    --------
    >>> proactive_rate(np.array([60.0]), np.array([150.0])).tolist()
    [40.0]
    """
    return share(proactive, filed)


def police_share(police: Array, reported: Array) -> Array:
    """Return 110 非警务占比 in percent: passed on by the police out of all reported.

    Examples
    --------
    >>> police_share(np.array([12.0]), np.array([96.0])).tolist()
    [12.5]
    """
    return share(police, reported)


def hotline_per_10k(hotline: Array, residents: Array) -> Array:
    """Return 12345 cases per 10,000 residents; NaN where the residents are not known.

    Examples
    --------
    >>> hotline_per_10k(np.array([36.0, 36.0]), np.array([120000.0, np.nan])).tolist()
    [3.0, nan]
    """
    return quotient(hotline, residents, PER_RESIDENTS)


def reported_per_10k(reported: Array, residents: Array) -> Array:
    """Return all cases per 10,000 residents; NaN where the residents are not known.

    Examples
    --------
    >>> reported_per_10k(np.array([30.0, 30.0]), np.array([60000.0, np.nan])).tolist()
    [5.0, nan]
    """
    return quotient(reported, residents, PER_RESIDENTS)


INDICATORS = (
    describe(
        "proactive-rate",
        group="management",
        unit="percent",
        grain=Grain.FLOW,
        better="high",
        needs=(Cases("proactive"), Cases("filed")),
        value=proactive_rate,
        roles=EVALUATED,
    ),
    describe(
        "reported-per-10k",
        group="management",
        unit="cases-per-10k",
        grain=Grain.FLOW,
        better="low",
        needs=(Cases("reported"), Residents()),
        value=reported_per_10k,
    ),
    describe(
        "hotline-per-10k",
        group="livelihood",
        unit="cases-per-10k",
        grain=Grain.FLOW,
        better="low",
        needs=(Cases("hotline"), Residents()),
        value=hotline_per_10k,
    ),
    describe(
        "police-share",
        group="safety",
        unit="percent",
        grain=Grain.FLOW,
        better="low",
        needs=(CasesOf("channel", ("police",)), Cases("reported")),
        value=police_share,
    ),
)
