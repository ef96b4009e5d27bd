"""`/api/v1/indicators`: the catalogue, and values over any period."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from dashboard.api.problem import Problem, problem
from dashboard.context import Context
from geo_data import queries
from geo_data.faults import Fault, nearest
from geo_data.ingest.fields import EARLIEST_YEAR
from indicators import catalog, engine, parts, periods
from indicators.spec import Indicator


class Described(BaseModel):
    """An indicator as the catalogue describes it."""

    key: str
    name: dict[str, str]
    group: str
    unit: dict[str, str]
    grain: str
    window: str
    better: str
    formula: dict[str, str]
    basis: dict[str, str]
    adds_up: bool
    roles: list[str]
    own: bool


class Series(BaseModel):
    """A series that a value is made of."""

    name: dict[str, str]
    value: float | None


class Bucket(BaseModel):
    """A step of a history."""

    start: datetime
    end: datetime
    value: float | None


class Valued(BaseModel):
    """An indicator of a region over a period; ``null`` is not known, which is never zero.

    ``change`` is against the period before, ``year_change`` against the same period of the year
    before; both are null where that is zero or missing. Children that add up have what belongs to
    none of them under an empty code. ``frozen_at`` is when the period was published, null while it
    follows the data.
    """

    key: str
    region: str
    period: str
    start: datetime
    end: datetime
    known_at: datetime
    value: float | None
    status: str
    previous: float | None
    change: float | None
    year_before: float | None
    year_change: float | None
    data_at: datetime | None
    late: bool
    frozen_at: datetime | None
    made_of: list[Series]
    children: dict[str, float | None]
    history: list[Bucket]


At = Annotated[AwareDatetime | None, Query(description="as known then; now if left out")]
RegionCode = Annotated[str | None, Query(description="everything if left out")]
PeriodKey = Annotated[
    str, Query(description=f"one of {', '.join(periods.KEYS)}, 2026-10 or 2026-10-01..2026-10-31")
]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/indicators", tags=["indicators"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}

    @routes.get("")
    def every() -> list[Described]:
        """Return the catalogue, by groups."""
        return [_described(one) for one in catalog.of(context.store.city).values()]

    @routes.get("/{key}", responses=wrong)
    def valued(
        key: str, region: RegionCode = None, period: PeriodKey = "24h", at: At = None
    ) -> Valued:
        """Return an indicator: its value, what it is compared with, its children and history."""
        moment = known_moment(context, at)
        return _valued(context, known_indicator(context, key), region, period, moment)

    return routes


def known_moment(context: Context, at: datetime | None) -> datetime:
    """Return the moment asked for, or the present; answers 422 where nothing can be known."""
    now = context.clock()
    if at is None:
        return now
    if at.year < EARLIEST_YEAR:
        early: dict[str, object] = {"got": at.isoformat(), "year": EARLIEST_YEAR}
        raise problem(422, Fault("too-early", field="at", values=early))
    if at > now:
        raise problem(422, Fault("export-future", field="at", values={"at": at.isoformat()}))
    return at


def known_indicator(context: Context, key: str) -> Indicator:
    """Return an indicator; answers 404 where there is none."""
    known = catalog.of(context.store.city)
    if key not in known:
        near: dict[str, object] = {"key": key, "nearest": nearest(key, tuple(known))}
        raise problem(404, Fault("unknown-indicator", values=near))
    return known[key]


def _described(one: Indicator) -> Described:
    return Described(
        key=one.key,
        name=one.name.model_dump(),
        group=one.group,
        unit=one.unit_label.model_dump(),
        grain=str(one.grain),
        window=one.window,
        better=one.better,
        formula=one.formula.model_dump(),
        basis=one.basis.model_dump(),
        adds_up=one.additive,
        roles=list(one.roles),
        own=one.key not in catalog.indicators(),
    )


def _valued(
    context: Context, indicator: Indicator, region: str | None, period: str, at: datetime
) -> Valued:
    store, scope = context.store, context.scope
    tree = queries.region_tree(store, scope)
    code = region or tree.root.code
    if tree.get(code) is None:
        raise problem(404, Fault("no-region", values={"code": code, "root": tree.root.code}))
    try:
        span = engine.period_of(store, period, at)
    except KeyError as error:
        values: dict[str, object] = {"key": period, "known": ", ".join(periods.KEYS)}
        raise problem(422, Fault("unknown-period", values=values)) from error
    asked = (store, scope, code, period, at)
    (value,) = engine.board(*asked, keys=(indicator.key,))
    earlier = engine.year_before(*asked, (indicator.key,))[indicator.key]
    made_of = parts.parts(store, scope, code, indicator, period, at)
    buckets = zip(span.buckets, value.spark, strict=False)
    return Valued(
        key=indicator.key,
        region=code,
        period=period,
        start=span.window.start,
        end=span.window.end,
        known_at=at,
        value=value.value,
        status=value.status,
        previous=value.previous,
        change=value.change,
        year_before=earlier,
        year_change=engine.change(value.value, earlier),
        data_at=value.data_at,
        late=value.late,
        frozen_at=value.frozen_at,
        made_of=[Series(name=one.name.model_dump(), value=one.value) for one in made_of],
        children=engine.children(store, scope, code, indicator.key, period, at),
        history=[Bucket(start=one.start, end=one.end, value=each) for one, each in buckets],
    )
