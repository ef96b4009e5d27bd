"""`/api/v1/periods`: which periods are frozen; to freeze one, and to open it again."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from dashboard.api.admin_key import REFUSALS, kept, may_change
from dashboard.api.problem import Problem
from dashboard.api.publishing import Published, Publishing, Reopening, published
from dashboard.context import Context
from geo_data.publications import Publication
from indicators import freezing

_STATUS = {"unknown-period": 404, "not-frozen": 404, "published-already": 409}
_STATUS |= {"period-not-ended": 409, "publish-scope": 403, "reopened-already": 409}


class PeriodState(BaseModel):
    """A period: whether its numbers are frozen, and every publication of it, newest first."""

    period: str
    is_frozen: bool
    publications: list[Published]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/periods", tags=["periods"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
    guarded = {**wrong, **REFUSALS, 409: {"model": Problem}}

    @routes.get("")
    def every() -> list[PeriodState]:
        """Return the periods that were ever frozen, the one published last first."""
        found = freezing.frozen_periods(context.store)
        return [_state(context, key, found) for key in dict.fromkeys(o.days.key for o in found)]

    @routes.get("/{period}", responses=wrong)
    def one(period: str) -> PeriodState:
        """Return whether a period is frozen."""
        days = kept(lambda: freezing.named_days(context.store, period), _STATUS)
        return _state(context, days.key, freezing.frozen_periods(context.store))

    @routes.put("/{period}", responses=guarded)
    async def freeze(request: Request, period: str, by: Publishing) -> PeriodState:
        """Freeze a week, month, quarter or year that has ended: late data changes it no more."""
        may_change(context, request)
        at, store = context.clock(), context.store

        def change() -> PeriodState:
            made = kept(
                lambda: freezing.freeze(store, context.scope, period, who=by.who, at=at), _STATUS
            )
            return _state(context, made.days.key, freezing.frozen_periods(store))

        # Minutes of a large city, and the store waits for its turn: not on the event loop.
        return await asyncio.to_thread(change)

    @routes.delete("/{period}", responses=guarded)
    async def reopen(request: Request, period: str, by: Reopening) -> PeriodState:
        """Open a frozen period again; what was published stays in the register."""
        may_change(context, request)
        at, store = context.clock(), context.store
        how: dict[str, Any] = {"who": by.who, "at": at, "reason": by.reason}

        def change() -> PeriodState:
            made = kept(lambda: freezing.reopen(store, context.scope, period, **how), _STATUS)
            return _state(context, made.days.key, freezing.frozen_periods(store))

        return await asyncio.to_thread(change)

    return routes


def _state(context: Context, key: str, found: list[Publication]) -> PeriodState:
    mine = [one for one in found if one.days.key == key]
    return PeriodState(
        period=key,
        is_frozen=any(one.stands for one in mine),
        publications=[published(context, one) for one in mine],
    )
