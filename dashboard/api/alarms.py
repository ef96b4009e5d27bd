"""`/api/v1/alarms`: what the city is warned of, and that somebody has seen it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.problem import Problem, problem
from dashboard.context import Context
from geo_data import queries
from geo_data.alarms.desk import LONGEST_NAME, acknowledge
from geo_data.faults import Fault, InputError
from geo_data.records import Alarm

_STEP: dict[str, Any] = {
    "change": "raised",
    "at": "2026-11-23T02:05:10Z",
    "level": 2,
    "value": 18.0,
    "who": None,
    "note": None,
}
_ALARM: dict[str, Any] = {
    "id": 42,
    "rule": "underpass-flooded",
    "name": {"zh": "下立交积水", "en": "Underpass flooded"},
    "sensor": "S-0007",
    "region": "310117102001",
    "lon": 121.2281,
    "lat": 31.0325,
    "level": 2,
    "value": 18.0,
    "unit": "cm",
    "since": "2026-11-23T02:00:00Z",
    "raised_at": "2026-11-23T02:05:10Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "escalated": 0,
    "case": "YJ20261123-42",
    "cleared_at": None,
}
Id = Annotated[int, Path(ge=1, le=2**53, description="number of the alarm")]


class AlarmAnswer(BaseModel):
    """An alarm as known at a time.

    ``level`` counts from 1, red, to 4, blue; it is neither a severity nor a response level.
    ``value`` is the measure that last changed the level, in ``unit``. ``sensor`` is null where a
    whole line is silent. ``case`` is the number that people quote of the case it opened.
    """

    model_config = ConfigDict(json_schema_extra={"example": _ALARM})

    id: int
    rule: str
    name: dict[str, str]
    sensor: str | None
    region: str | None
    lon: float | None
    lat: float | None
    level: Annotated[int, Field(ge=1, le=4)]
    value: float | None
    unit: str
    since: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    escalated: int
    case: str | None
    cleared_at: datetime | None


class StepAnswer(BaseModel):
    """What became of an alarm; ``at`` is when we learned of it, ``level`` its level after it."""

    model_config = ConfigDict(json_schema_extra={"example": _STEP})

    change: str
    at: datetime
    level: int
    value: float | None
    who: str | None
    note: str | None


class AlarmWithSteps(AlarmAnswer):
    """An alarm with everything that became of it until then."""

    model_config = ConfigDict(json_schema_extra={"example": {**_ALARM, "steps": [_STEP]}})

    steps: list[StepAnswer]


class AlarmList(BaseModel):
    """The alarms that were up at a time, highest level first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "known_at": "2026-11-23T02:30:00Z",
                "region": "310117",
                "counts": {"1": 0, "2": 1, "3": 0, "4": 0},
                "alarms": [_ALARM],
            }
        }
    )

    known_at: datetime
    region: str
    counts: dict[str, int]
    alarms: list[AlarmAnswer]


class Acknowledgement(BaseModel):
    """Who has seen it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"who": "张三"}})

    who: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


At = Annotated[AwareDatetime | None, Query(description="as known then; now if left out")]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1", tags=["alarms"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
    refused: dict[int | str, dict[str, Any]] = {
        **wrong,
        403: {"model": Problem, "description": "asked by a page of another site"},
        409: {"model": Problem, "description": "the alarm is over"},
    }

    @routes.get("/alarms", responses=wrong)
    def alarms(
        region: Annotated[
            str | None, Query(description="with all below; everything if left out")
        ] = None,
        at: At = None,
    ) -> AlarmList:
        """Return the alarms that are up, highest level first."""
        known_at = at or context.clock()
        tree = queries.region_tree(context.store, context.scope)
        code = region or tree.root.code
        if tree.get(code) is None:
            raise problem(404, Fault("no-region", values={"code": code, "root": tree.root.code}))
        found = queries.alarms(context.store, context.scope, code, known_at)
        counts = {
            str(level): sum(int(one.level) == level for one in found) for level in range(1, 5)
        }
        listed = [_answer(context, one) for one in found]
        return AlarmList(known_at=known_at, region=code, counts=counts, alarms=listed)

    @routes.get("/alarms/{alarm_id}", responses=wrong)
    def alarm(alarm_id: Id, at: At = None) -> AlarmWithSteps:
        """Return one alarm, over or not, with its steps."""
        one = _found(context, alarm_id, at or context.clock())
        steps = [
            StepAnswer(
                change=str(step.change),
                at=step.at,
                level=int(step.level),
                value=step.value,
                who=step.who,
                note=step.note,
            )
            for step in one.steps
        ]
        return AlarmWithSteps(**_answer(context, one).model_dump(), steps=steps)

    @routes.post("/alarms/{alarm_id}/acknowledge", responses=refused)
    async def seen(request: Request, alarm_id: Id, by: Acknowledgement) -> AlarmAnswer:
        """Note that somebody has seen it. Once more changes nothing: the first is kept."""
        if not is_same_origin(request):
            raise problem(403, Fault("other-origin"))
        # The store waits for its turn to write: not on the event loop.
        return await asyncio.to_thread(_acknowledged, context, alarm_id, by.who)

    return routes


def is_same_origin(request: Request) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    return site in ("same-origin", "none") and (origin is None or urlsplit(origin).netloc == host)


def _acknowledged(context: Context, alarm_id: int, who: str) -> AlarmAnswer:
    _found(context, alarm_id, context.clock())
    try:
        acknowledge(context.store, alarm_id, who, context.clock())
    except InputError as error:
        fault = error.faults[0]
        status = {"alarm-over": 409, "alarm-who": 422}.get(fault.key)
        if status is None:
            raise
        raise problem(status, fault) from error
    return _answer(context, _found(context, alarm_id, context.clock()))


def _found(context: Context, alarm_id: int, at: datetime) -> Alarm:
    found = queries.alarm(context.store, context.scope, alarm_id, at)
    if found is None:
        raise problem(404, Fault("no-alarm", values={"id": alarm_id}))
    return found


def _answer(context: Context, one: Alarm) -> AlarmAnswer:
    rule = context.store.city.rules.get(one.rule)
    name = {"zh": rule.name.zh, "en": rule.name.en} if rule else {"zh": one.rule, "en": one.rule}
    return AlarmAnswer(
        id=one.id,
        rule=one.rule,
        name=name,
        sensor=one.sensor_code,
        region=one.region_code,
        lon=one.lon,
        lat=one.lat,
        level=int(one.level),
        value=one.value,
        unit=one.unit,
        since=one.since_at,
        raised_at=one.raised_at,
        acknowledged_at=one.acknowledged_at,
        acknowledged_by=one.acknowledged_by,
        escalated=one.escalated,
        case=one.case_code,
        cleared_at=one.cleared_at,
    )
