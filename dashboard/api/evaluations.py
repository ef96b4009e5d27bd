"""`/api/v1/evaluations`: how units are evaluated, what came of it, and what was published."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from dashboard.api.admin_key import REFUSALS, kept, may_change
from dashboard.api.evaluation_answers import (
    Declared,
    LostTold,
    Result,
    declared_of,
    lost_of,
    result_of,
)
from dashboard.api.problem import Problem
from dashboard.api.publishing import Published, Publishing, Reopening, published
from dashboard.context import Context
from geo_data.faults import Fault, InputError, nearest
from indicators import catalog, evaluation, parts

_STATUS = {
    **dict.fromkeys(("no-evaluation", "not-published", "unknown-period"), 404),
    **dict.fromkeys(("evaluation-no-unit", "evaluation-no-measure"), 404),
    **dict.fromkeys(("period-not-ended", "published-already", "reopened-already"), 409),
    "publish-scope": 403,
}
PeriodKey = Annotated[str, Query(description="2026-10, 2026-Q3, 2026, assessment-2026, this-month")]
Current = Annotated[bool, Query(description="the numbers of now, though others are published")]
Limit = Annotated[int, Query(ge=1, le=500)]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/evaluations", tags=["evaluations"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
    guarded = {**wrong, **REFUSALS, 409: {"model": Problem}}
    store = context.store

    @routes.get("")
    def every() -> list[Declared]:
        """Return how units are evaluated, and what was published of each, newest first."""
        return [declared_of(context, one) for one in evaluation.evaluations_of(store.city).values()]

    @routes.get("/{key}", responses=wrong)
    def result(key: str, period: PeriodKey, current: Current = False) -> Result:
        """Return an evaluation of a period, of the units that may be seen."""
        return _result(context, key, period, current=current)

    @routes.get("/{key}/cases", responses=wrong)
    def cases(
        key: str, period: PeriodKey, unit: str, indicator: str, limit: Limit = 50
    ) -> LostTold:
        """Return the cases that cost a unit points under a measure."""
        return kept(lambda: _lost(context, key, period, unit, indicator, limit), _STATUS)

    @routes.put("/{key}/periods/{period}", responses=guarded)
    async def publish(request: Request, key: str, period: str, by: Publishing) -> Result:
        """Publish an evaluation of a period that has ended: it stays whatever changes."""
        may_change(context, request)
        how: dict[str, Any] = {"who": by.who, "at": context.clock()}

        def change() -> Result:
            kept(lambda: evaluation.publish(store, context.scope, key, period, **how), _STATUS)
            return _result(context, key, period)

        # The store waits for its turn to write: not on the event loop.
        return await asyncio.to_thread(change)

    @routes.delete("/{key}/periods/{period}", responses=guarded)
    async def reopen(request: Request, key: str, period: str, by: Reopening) -> Published:
        """Open a published evaluation again; what was published stays in the register."""
        may_change(context, request)
        how: dict[str, Any] = {"who": by.who, "at": context.clock(), "reason": by.reason}

        def change() -> Published:
            made = kept(
                lambda: evaluation.reopen(store, context.scope, key, period, **how), _STATUS
            )
            return published(context, made)

        return await asyncio.to_thread(change)

    return routes


def _result(context: Context, key: str, period: str, *, current: bool = False) -> Result:
    asked = (context.store, context.scope, key, period, context.clock())
    found = kept(lambda: evaluation.shown(*asked, current=current), _STATUS)
    return result_of(context, found, current=current)


def _lost(
    context: Context, key: str, period: str, code: str, indicator: str, limit: int
) -> LostTold:
    store, scope, at = context.store, context.scope, context.clock()
    unit = evaluation.shown(store, scope, key, period, at).settled.unit(code)
    if unit is None:
        values: dict[str, object] = {"code": code, "key": key}
        raise InputError(Fault("evaluation-no-unit", field="unit", values=values))
    known = tuple(one.indicator for one in unit.measures)
    described = catalog.of(store.city)
    if indicator not in known or indicator not in described:
        near: dict[str, object] = {"key": indicator, "nearest": nearest(indicator, known)}
        raise InputError(Fault("evaluation-no-measure", field="indicator", values=near))
    found = evaluation.lost_cases(store, scope, code, indicator, period, at, limit)
    made_of = parts.parts(store, scope, code, described[indicator], period, at)
    return lost_of(code, indicator, found, made_of)
