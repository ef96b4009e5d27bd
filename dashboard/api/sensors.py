"""`/api/v1/sensors/{code}/history`: what a sensor said, as many numbers as were asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.problem import Problem, problem
from dashboard.context import Context
from geo_data import queries
from geo_data.faults import Fault
from geo_data.queries import History
from geo_data.queries.sensor_history import utc
from geo_data.records import Sensor, Window

MOST_POINTS = 2_000
DAY = timedelta(hours=24)


class HistoryAnswer(BaseModel):
    """A sensor over a span, in columns of one length, oldest first; what is silent is left out.

    ``at`` is when a bucket begins, at round times of the city's clock (``zone``); where
    ``bucket_s`` is null the readings came as they are and ``at`` is when each was taken. ``low``,
    ``mean`` and ``high`` are in ``unit``; ``n`` counts readings. ``known_at`` is the time whose
    knowledge this is: what was received later is not in it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "S-0001",
                "kind": "pipe-pressure",
                "unit": "MPa",
                "from": "2026-11-23T00:00:00Z",
                "to": "2026-11-23T02:00:00Z",
                "known_at": "2026-11-23T02:30:00Z",
                "zone": "Asia/Shanghai",
                "bucket_s": 3600,
                "at": ["2026-11-23T00:00:00Z", "2026-11-23T01:00:00Z"],
                "low": [0.21, 0.19],
                "mean": [0.23, 0.22],
                "high": [0.25, 0.24],
                "n": [12, 11],
            }
        }
    )

    code: str
    kind: str
    unit: str
    since: Annotated[datetime, Field(serialization_alias="from")]
    to: datetime
    known_at: datetime
    zone: str
    bucket_s: int | None
    at: list[datetime]
    low: list[float]
    mean: list[float]
    high: list[float]
    n: list[int]


def router(context: Context) -> APIRouter:
    """Return the route."""
    routes = APIRouter(prefix="/api/v1", tags=["sensors"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}

    @routes.get("/sensors/{code}/history", responses=wrong)
    def history(
        code: str,
        since: Annotated[
            AwareDatetime | None, Query(alias="from", description="24 h before `to` if left out")
        ] = None,
        to: Annotated[
            AwareDatetime | None, Query(description="not in it; `at` if left out")
        ] = None,
        points: Annotated[
            int, Query(ge=2, le=MOST_POINTS, description="about how many, at most")
        ] = 300,
        at: Annotated[
            AwareDatetime | None, Query(description="as known then; now if left out")
        ] = None,
    ) -> HistoryAnswer:
        """Return least, mean and greatest value per bucket; readings as they are where few."""
        known_at = at or context.clock()
        end = to or known_at
        window = _window(since or end - DAY, end)
        sensor = queries.sensor(context.store, context.scope, code, known_at)
        if sensor is None:
            raise problem(404, Fault("no-sensor-code", values={"code": code}))
        found = queries.sensor_history(context.store, context.scope, code, window, points, known_at)
        return _answer(context, sensor, window, known_at, found)

    return routes


def _window(start: datetime, end: datetime) -> Window:
    if start >= end:
        said = f"from {start.isoformat()} is not before to {end.isoformat()}"
        raise problem(422, Fault("bad-value", field="from", values={"error": said}))
    return Window(start, end)


def _answer(
    context: Context, sensor: Sensor, window: Window, known_at: datetime, found: History
) -> HistoryAnswer:
    return HistoryAnswer(
        code=sensor.code,
        kind=sensor.kind,
        unit=sensor.unit,
        since=window.start,
        to=window.end,
        known_at=known_at,
        zone=context.store.city.timezone,
        bucket_s=found.bucket_s,
        at=utc(found.starts),
        low=found.low.tolist(),
        mean=found.mean.tolist(),
        high=found.high.tolist(),
        n=found.n.tolist(),
    )
