"""How much there is to do: cases that came in, and cases that stand."""

from __future__ import annotations

from indicators.formulas import count
from indicators.spec import Cases, CasesOf, Grain, Indicator, Standing
from indicators.wording import describe


def _counted(key: str, group: str, *needs: Cases | CasesOf) -> Indicator:
    return describe(key, group, "cases", Grain.FLOW, "low", needs, count)


def _standing(key: str, standing: Standing) -> Indicator:
    return describe(key, "management", "cases", Grain.STOCK, "low", (standing,), count)


INDICATORS = (
    _standing("open-incidents", Standing("open")),
    _standing("overdue-incidents", Standing("overdue")),
    _standing("due-soon-incidents", Standing("due-soon")),
    _counted("reported-incidents", "management", Cases("reported")),
    _counted("filed-incidents", "management", Cases("filed")),
    describe(
        "closed-incidents", "management", "cases", Grain.FLOW, "high", (Cases("closed"),), count
    ),
    _counted("due-incidents", "management", Cases("due")),
    _counted("illegal-structures", "management", CasesOf("category", ("0101",))),
    _counted("hotline-incidents", "livelihood", Cases("hotline")),
    _counted("opinion-incidents", "livelihood", CasesOf("channel", ("opinion",))),
    _counted("emergency-incidents", "safety", CasesOf("category", ("04",))),
)
