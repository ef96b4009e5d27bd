"""`/api/v1/early-warning`: what stands out in the cases, and what is to be expected."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from dashboard.api.problem import Problem, problem, told
from dashboard.context import Context
from geo_data import queries
from geo_data.faults import Fault
from indicators import early_warning
from indicators.early_warning import Assessment, Forecast, Kind, Prediction, Signal

WAIT_S = 10


class Warned(BaseModel):
    """A signal: where, since when, how strong, how sure, why, and the cases it rests on.

    ``q`` is the share of false alarms among all signals at least as sure; null where it is a rule
    and no test. ``expected`` is null where nothing is expected. ``cases`` are the numbers of cases,
    the newest first.
    """

    kind: str
    key: str
    region: str
    start: datetime
    end: datetime
    strength: float
    count: int
    expected: float | None
    p: float | None
    q: float | None
    trend: str | None
    category: str | None
    channel: str | None
    place: str | None
    regions: list[str]
    cases: list[int]
    lon: float | None
    lat: float | None
    outline: list[tuple[float, float]]
    reason: dict[str, str]


class Warnings(BaseModel):
    """The signals of a region as of one look; ``notes`` say what could not be looked at."""

    region: str
    computed_at: datetime
    data_at: datetime | None
    signals: list[Warned]
    notes: list[dict[str, str]]


class Predicted(BaseModel):
    """A forecast beside its past errors.

    ``method`` made the value: ``naive`` (what was a week ago) where ``tried`` was not better.
    ``error`` and ``naive_error`` are mean absolute errors on ``days`` that neither had seen,
    ``scaled_error`` is MASE, ``coverage`` the share of those days within the interval (0.8 is
    meant).
    """

    method: str
    tried: str
    value: float
    low: float
    high: float
    error: float
    naive_error: float
    scaled_error: float | None
    skill: float
    coverage: float
    days: int


class Foretold(BaseModel):
    """Cases of the next 24 hours and of the next seven days; null where nothing is foretold."""

    region: str
    day: Predicted | None
    week: Predicted | None
    recent: list[int]
    reason: dict[str, str]


class Forecasts(BaseModel):
    """The forecasts as of one look."""

    computed_at: datetime
    data_at: datetime | None
    forecasts: list[Foretold]


RegionCode = Annotated[str | None, Query(description="everything if left out")]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/early-warning", tags=["early warning"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 503: {"model": Problem}}

    @routes.get("", responses=wrong)
    def signals(region: RegionCode = None, kind: Kind | None = None) -> Warnings:
        """Return the signals in a region and below it, by kind, the strongest first."""
        code, found = _code(context, region), _found(context)
        inside = early_warning.inside(context.store, context.scope, code, found)
        return Warnings(
            region=code,
            computed_at=found.at,
            data_at=found.data_at,
            signals=[_warned(one) for one in inside if kind in (None, one.kind)],
            notes=[note.model_dump() for note in found.notes],
        )

    @routes.get("/forecasts", responses=wrong)
    def forecasts(region: RegionCode = None) -> Forecasts:
        """Return what the next day and week will bring, of a region or of all of them."""
        code = None if region is None else _code(context, region)
        found = _found(context)
        wanted = [one for one in found.forecasts if code in (None, one.region_code)]
        return Forecasts(
            computed_at=found.at,
            data_at=found.data_at,
            forecasts=[_foretold(one) for one in wanted],
        )

    return routes


def _code(context: Context, region: str | None) -> str:
    tree = queries.region_tree(context.store, context.scope)
    code = region or tree.root.code
    if tree.get(code) is None:
        raise problem(404, Fault("no-region", values={"code": code, "root": tree.root.code}))
    return code


def _found(context: Context) -> Assessment:
    found = early_warning.held(context.store, context.scope)
    if found is None:
        # It takes seconds, beside the pages; nobody waits for it here.
        later = {"Retry-After": str(WAIT_S)}
        raise HTTPException(503, told(Fault("early-warning-not-yet")), later)
    return found


def _warned(one: Signal) -> Warned:
    return Warned(
        kind=one.kind,
        key=one.key,
        region=one.region_code,
        start=one.window.start,
        end=one.window.end,
        strength=one.strength,
        count=one.count,
        expected=one.expected,
        p=one.p,
        q=one.q,
        trend=one.trend,
        category=one.category,
        channel=one.channel,
        place=one.place_code,
        regions=list(one.codes),
        cases=list(one.cases),
        lon=one.lon,
        lat=one.lat,
        outline=list(one.outline),
        reason=one.reason.model_dump(),
    )


def _foretold(one: Forecast) -> Foretold:
    return Foretold(
        region=one.region_code,
        day=_predicted(one.day),
        week=_predicted(one.week),
        recent=list(one.recent),
        reason=one.reason.model_dump(),
    )


def _predicted(one: Prediction | None) -> Predicted | None:
    if one is None:
        return None
    return Predicted(
        method=one.method,
        tried=one.tried,
        value=one.value,
        low=one.low,
        high=one.high,
        error=one.error,
        naive_error=one.naive_error,
        scaled_error=one.scaled_error if one.scaled_error == one.scaled_error else None,
        skill=one.skill,
        coverage=one.coverage,
        days=one.days,
    )
