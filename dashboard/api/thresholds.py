"""`/api/v1/indicators/{key}/thresholds`: when a value is a warning, and who changed that."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from dashboard.api.admin_key import REFUSALS, kept, may_change
from dashboard.api.indicators import known_indicator
from dashboard.api.problem import Problem
from dashboard.context import Context
from indicators import threshold_book
from indicators.thresholds import Threshold

_ROW: dict[str, Any] = {
    **{"rule": "<", "yellow": 95, "red": 90, "verified": True, "source": "区考核办〔2026〕3号"},
    "basis": {"zh": "低于 95 黄、低于 90 红", "en": "Below 95 yellow, below 90 red"},
}
_PUT: dict[str, Any] = {"who": "张三", "note": "按区考核办法", "row": _ROW}


class Row(BaseModel):
    """A threshold that holds from a day on."""

    effective_from: date
    rule: str
    limits: dict[str, float | tuple[float, float]]
    basis: dict[str, str]
    verified: bool
    source: str


class ChangeOfRow(BaseModel):
    """Who changed a threshold, when, from what to what; null is no row."""

    at: datetime
    who: str
    note: str
    effective_from: date
    before: Row | None
    after: Row | None


class Rows(BaseModel):
    """The thresholds of an indicator, oldest first, and what was changed, newest first."""

    indicator: str
    rows: list[Row]
    changes: list[ChangeOfRow]


class NewRow(BaseModel):
    """A threshold to be put; ``row`` is as a row of ``thresholds.toml``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": _PUT},
    )

    who: Annotated[str, Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=400)] = ""
    row: dict[str, Any]


class Removal(BaseModel):
    """Who takes a threshold away, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"who": "张三"}})

    who: Annotated[str, Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=400)] = ""


def router(context: Context) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1/indicators", tags=["indicators"])
    wrong: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
    guarded = {**wrong, **REFUSALS}

    @routes.get("/{key}/thresholds", responses=wrong)
    def thresholds(key: str) -> Rows:
        """Return the thresholds in force, and who changed them."""
        return _rows(context, known_indicator(context, key).key)

    @routes.put("/{key}/thresholds/{effective_from}", responses=guarded)
    async def put(request: Request, key: str, effective_from: date, new: NewRow) -> Rows:
        """Put a threshold that holds from a day on; it judges the next board already."""
        may_change(context, request)

        def change() -> Rows:
            put_row = partial(threshold_book.put, who=new.who, note=new.note, at=context.clock())
            kept(lambda: put_row(context.store, key, effective_from, new.row), _STATUS)
            return _rows(context, key)

        # The store waits for its turn to write: not on the event loop.
        return await asyncio.to_thread(change)

    @routes.delete("/{key}/thresholds/{effective_from}", responses=guarded)
    async def remove(request: Request, key: str, effective_from: date, by: Removal) -> Rows:
        """Take a threshold away; the one before it holds again."""
        may_change(context, request)

        def change() -> Rows:
            take = partial(threshold_book.remove, who=by.who, note=by.note, at=context.clock())
            kept(lambda: take(context.store, key, effective_from), _STATUS)
            return _rows(context, key)

        return await asyncio.to_thread(change)

    return routes


_STATUS = {"unknown-indicator": 404, "no-threshold": 404}


def _rows(context: Context, key: str) -> Rows:
    at = context.clock()
    rows = threshold_book.in_force(context.store, at).rows().get(key, [])
    made = threshold_book.changes(context.store, key)
    return Rows(
        indicator=key,
        rows=[_row(row) for row in rows],
        changes=[
            ChangeOfRow(
                at=one.at,
                who=one.who,
                note=one.note,
                effective_from=one.effective_from,
                before=_row(one.before) if one.before else None,
                after=_row(one.after) if one.after else None,
            )
            for one in made
        ],
    )


def _row(row: Threshold) -> Row:
    return Row(
        effective_from=row.effective_from,
        rule=row.rule,
        limits=dict(row.steps),
        basis=row.basis.model_dump(),
        verified=row.verified,
        source=row.source,
    )
