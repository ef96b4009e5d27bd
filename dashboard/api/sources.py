"""`/api/v1/sources`: whether the systems that tell us something are heard, and what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from dashboard.api.problem import Problem, problem, told
from dashboard.context import Context
from geo_data import queries
from geo_data.faults import Fault
from geo_data.queries.sources import LETTERS, Letter, SourceState, Told, sees_everything

MOST_LETTERS = 500


class ToldAnswer(BaseModel):
    """Rows of a source in some time."""

    accepted: int
    repeated: int
    refused: int


class SourceAnswer(BaseModel):
    """A source: whether it is heard, how much it tells and how late.

    ``way`` is http, mqtt, table or folder; simulator; gone where it is no longer declared.
    ``state`` is fresh, late (beyond 1.5 of ``period_s``) or lost (beyond 3), null where no period
    is declared. ``data_at`` is the newest time that its data speaks of, ``lag_s`` how late its
    newest batch came. What is null from ``address`` on is unknown, or not for who sees a part of
    the city.
    """

    key: str
    name_zh: str
    name_en: str
    way: str
    tells: str | None
    state: str | None
    period_s: int | None
    seen_at: datetime | None
    ok_at: datetime | None
    data_at: datetime | None
    lag_s: float | None
    address: str | None
    last_hour: ToldAnswer | None
    today: ToldAnswer | None
    error: Problem | None
    error_at: datetime | None
    letters: int | None


class LetterAnswer(BaseModel):
    """A message that was refused, as it came; ``faults`` names what was wrong in no language."""

    id: int
    received_at: datetime
    raw: str
    reasons_zh: list[str]
    reasons_en: list[str]
    faults: list[str]


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1", tags=["ways in"])
    wrong: dict[int | str, dict[str, Any]] = {403: {"model": Problem}, 404: {"model": Problem}}

    @routes.get("/sources")
    def sources() -> list[SourceAnswer]:
        """Return every source with its state now."""
        found = queries.sources(context.store, context.scope, context.clock())
        return [_source(one) for one in found]

    @routes.get("/sources/{name}/letters", responses=wrong)
    def letters(
        name: str,
        limit: Annotated[int, Query(ge=1, le=MOST_LETTERS)] = LETTERS,
        before: Annotated[int | None, Query(description="older than the letter of this id")] = None,
    ) -> list[LetterAnswer]:
        """Return what was refused of a source, newest first."""
        known = [one.key for one in queries.sources(context.store, context.scope, context.clock())]
        if not sees_everything(context.store, context.scope):
            raise problem(403, Fault("letters-withheld"))
        found = queries.letters(context.store, context.scope, name, limit, before)
        if not found and name not in known:
            raise problem(404, Fault("no-source", values={"key": name, "known": ", ".join(known)}))
        return [_letter(one) for one in found]

    return routes


def _source(one: SourceState) -> SourceAnswer:
    return SourceAnswer(
        key=one.key,
        name_zh=one.says("zh-CN"),
        name_en=one.says("en"),
        way=one.way,
        tells=one.tells,
        state=one.state,
        period_s=one.period_s,
        seen_at=one.seen_at,
        ok_at=one.ok_at,
        data_at=one.data_at,
        lag_s=one.lag_s,
        address=one.address,
        last_hour=_told(one.hour),
        today=_told(one.today),
        error=one.error and Problem(**told(one.error)),
        error_at=one.error_at,
        letters=one.letters,
    )


def _told(one: Told | None) -> ToldAnswer | None:
    if one is None:
        return None
    return ToldAnswer(accepted=one.accepted, repeated=one.repeated, refused=one.refused)


def _letter(one: Letter) -> LetterAnswer:
    return LetterAnswer(
        id=one.id,
        received_at=one.received_at,
        raw=one.raw,
        reasons_zh=one.why("zh-CN"),
        reasons_en=one.why("en"),
        faults=[fault.key for fault in one.faults],
    )
