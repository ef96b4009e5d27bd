"""Evaluation 考核: units are scored in groups of their own, ranked, published and kept.

How a city evaluates is declared (:mod:`geo_data.evaluations`); what was settled can be followed
to the cases that cost points, and what was published stays as it was.
"""

from indicators.evaluation.costs import Lost, lost_cases
from indicators.evaluation.declared import evaluation_of, evaluations_of, faults_of
from indicators.evaluation.publishing import (
    Difference,
    Shown,
    history,
    publish,
    published,
    reopen,
    shown,
)
from indicators.evaluation.result import GroupResult, MeasureResult, Settled, UnitResult
from indicators.evaluation.settling import settle

__all__ = [
    "Difference",
    "GroupResult",
    "Lost",
    "MeasureResult",
    "Settled",
    "Shown",
    "UnitResult",
    "evaluation_of",
    "evaluations_of",
    "faults_of",
    "history",
    "lost_cases",
    "publish",
    "published",
    "reopen",
    "settle",
    "shown",
]
