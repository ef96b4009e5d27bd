"""`/api/v1/panels`: what the panels of the vital signs show, for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from dashboard.api.indicators import At, PeriodKey, RegionCode, known_indicator, known_moment
from dashboard.api.problem import Problem, problem
from dashboard.context import Context
from geo_data import queries
from geo_data.faults import Fault
from geo_data.queries import OverdueAgeing, StageFunnel, StageSpan
from geo_data.queries.overdue_ageing import EDGES
from indicators import engine, periods
from indicators.channel_share import ChannelShare, channel_shares
from indicators.day_values import LONGEST, day_values, has_days, twelve_months
from indicators.periods import Period


class Channel(BaseModel):
    """A channel over a period; ``previous`` is of the period before, null where nobody knows."""

    channel: str
    group: str
    n: int
    share: float
    previous: int | None
    change: float | None


class Stage(BaseModel):
    """Cases that came to a stage or further, and those that are open and came no further."""

    stage: str
    reached: int
    open: int


class Span(BaseModel):
    """How long ``n`` cases took between two stages; working time for ``n_on_hours`` of them."""

    start: str
    end: str
    n: int
    median_s: float | None
    p90_s: float | None
    n_on_hours: int


class Stages(BaseModel):
    """The cases reported in a period; those before ``since`` are not in it, where it is given."""

    n: int
    stages: list[Stage]
    dropped: int
    spans: list[Span]
    since: datetime | None


class Overdue(BaseModel):
    """Overdue cases by days past their limit; children add up, an empty code is of none of them.

    ``days`` are the ends of the classes: up to the first, to the second ... beyond the last.
    """

    days: list[int]
    total: list[int]
    children: dict[str, list[int]]
    n_on_hours: int


class Hours(BaseModel):
    """Cases reported by day of the week, Monday first, and hour of the city's clock."""

    counts: list[list[int]]
    since: datetime | None


class Day(BaseModel):
    """A local day; null is not known, which is never zero."""

    day: date
    value: float | None


From = Annotated[date | None, Query(alias="from", description="first local day")]
To = Annotated[date | None, Query(description="last local day, today if left out")]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
    routes = APIRouter(prefix="/api/v1", tags=["panels"], responses=wrong)
    asked = _Asked(context)

    @routes.get("/panels/channels")
    def channels(
        region: RegionCode = None, period: PeriodKey = "24h", at: At = None
    ) -> list[Channel]:
        """Return through which channels the cases of a period came."""
        code, span, moment = asked.of(region, period, at)
        found = channel_shares(context.store, context.scope, code, span.key, moment)
        return [_channel(one) for one in found]

    @routes.get("/panels/stages")
    def stages(region: RegionCode = None, period: PeriodKey = "24h", at: At = None) -> Stages:
        """Return how far the cases of a period came, and how long each step took."""
        code, span, moment = asked.of(region, period, at)
        return _stages(queries.stage_funnel(*asked.where(code), span.window, moment))

    @routes.get("/panels/overdue")
    def overdue(region: RegionCode = None, at: At = None) -> Overdue:
        """Return the overdue cases by how long past their limit they are."""
        code, _, moment = asked.of(region, "24h", at)
        return _overdue(queries.overdue_ageing(*asked.where(code), moment))

    @routes.get("/panels/hours")
    def hours(region: RegionCode = None, period: PeriodKey = "24h", at: At = None) -> Hours:
        """Return at which hours of the week the cases of a period were reported."""
        code, span, moment = asked.of(region, period, at)
        found = queries.report_hours(*asked.where(code), span.window, moment)
        return Hours(counts=found.counts.tolist(), since=found.since)

    @routes.get("/indicators/{key}/days")
    def days(
        key: str, region: RegionCode = None, first: From = None, to: To = None, at: At = None
    ) -> list[Day]:
        """Return an indicator day by day; the last twelve months unless two days are given."""
        code, _, moment = asked.of(region, "24h", at)
        indicator = known_indicator(context, key)
        if not has_days(indicator):
            raise problem(422, Fault("no-days", values={"key": key}))
        begin, end = twelve_months(moment.astimezone(context.store.city.zone).date())
        span = (first or begin, to or end)
        if span[1] - span[0] > LONGEST or span[0] < EARLIEST:
            raise problem(422, Fault("too-many-days", field="from", values={"most": LONGEST.days}))
        return [
            Day(day=day, value=value)
            for day, value in day_values(*asked.where(code), key, span, moment)
        ]

    return routes


EARLIEST = date(1971, 1, 1)


class _Asked:
    """Which region, period and moment a request means; answers 404 or 422 where there is none."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def where(self, code: str) -> tuple[Any, Any, str]:
        return self._context.store, self._context.scope, code

    def of(
        self, region: str | None, period: str, at: datetime | None
    ) -> tuple[str, Period, datetime]:
        store, moment = self._context.store, known_moment(self._context, at)
        tree = queries.region_tree(store, self._context.scope)
        code = region or tree.root.code
        if tree.get(code) is None:
            raise problem(404, Fault("no-region", values={"code": code, "root": tree.root.code}))
        try:
            return code, engine.period_of(store, period, moment), moment
        except KeyError as error:
            values: dict[str, object] = {"key": period, "known": ", ".join(periods.KEYS)}
            raise problem(422, Fault("unknown-period", values=values)) from error


def _channel(one: ChannelShare) -> Channel:
    return Channel(
        channel=one.channel,
        group=one.group,
        n=one.n,
        share=one.share,
        previous=one.previous,
        change=one.change,
    )


def _stages(found: StageFunnel) -> Stages:
    return Stages(
        n=found.n,
        stages=[
            Stage(stage=str(one.stage), reached=one.reached, open=one.open) for one in found.stages
        ],
        dropped=found.dropped,
        spans=[_span(one) for one in found.spans],
        since=found.since,
    )


def _span(one: StageSpan) -> Span:
    return Span(
        start=str(one.start),
        end=str(one.end),
        n=one.n,
        median_s=None if one.median is None else one.median.total_seconds(),
        p90_s=None if one.p90 is None else one.p90.total_seconds(),
        n_on_hours=one.n_on_hours,
    )


def _overdue(found: OverdueAgeing) -> Overdue:
    return Overdue(
        days=list(EDGES),
        total=list(found.total),
        children={code: list(counts) for code, counts in found.children.items()},
        n_on_hours=found.n_on_hours,
    )
