"""`POST /api/v1/incidents`, `…/stages`, `/api/v1/observations`: other systems tell us something.

Answered with 202 after the commit, row by row. Who asks is known by its API key.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
import os
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from dashboard.api import problem
from dashboard.context import Context
from geo_data.faults import Fault
from geo_data.ingest.receiving import Received, receive
from geo_data.intakes import Intake

MOST_BYTES = 16 << 20
"""Of one body, unpacked."""
MOST_ROWS = 10_000


class Refused(Exception):
    """A request that is not taken."""

    def __init__(self, status: int, fault: Fault, headers: dict[str, str] | None = None) -> None:
        super().__init__(fault.key)
        self.status, self.fault, self.headers = status, fault, headers


class Allowance:
    """What an intake may still send; it fills up again with time, to a minute's worth.

    A batch may overdraw it once, so that a batch of any size passes some time.
    """

    def __init__(self, per_minute: int, at: datetime) -> None:
        self._rate_s = per_minute / 60
        self._most = self._left = float(per_minute)
        self._at = at

    def wait_s(self, at: datetime) -> int:
        """Seconds until something may be sent again; 0 for now."""
        passed_s = max((at - self._at).total_seconds(), 0.0)
        self._left, self._at = min(self._left + passed_s * self._rate_s, self._most), at
        return 0 if self._left > 0 else max(math.ceil((1 - self._left) / self._rate_s), 1)

    def spend(self, messages: int) -> None:
        """Count messages."""
        self._left -= messages


class Door:
    """Knows who may tell what, by the SHA-256 of their API keys."""

    def __init__(
        self, intakes: tuple[Intake, ...], environment: Mapping[str, str], at: datetime
    ) -> None:
        self._known = [
            (digest.lower(), one, Allowance(one.per_minute, at))
            for one in intakes
            if (digest := one.key_sha256 or environment.get(one.key_sha256_env or "", ""))
        ]

    def open(self, request: Request, tells: str, at: datetime) -> tuple[Intake, Allowance]:
        """Return who asks; raises :class:`Refused` for a stranger or one who asks too much."""
        given = request.headers.get("x-api-key") or ""
        digest = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
        mine = [known for known in self._known if hmac.compare_digest(known[0], digest)]
        if not mine:
            raise Refused(401, Fault("api-key"))
        for _, intake, allowance in mine:
            if intake.tells != tells:
                continue
            if wait_s := allowance.wait_s(at):
                fault = Fault("too-often", values={"n": intake.per_minute, "seconds": wait_s})
                raise Refused(429, fault, {"Retry-After": str(wait_s)})
            return intake, allowance
        raise Refused(403, Fault("intake-tells", values={"tells": tells}))


async def _body(request: Request) -> bytes:
    """Return the body, unpacked while it comes: a small bomb never grows large."""
    unpack = zlib.decompressobj(31) if request.headers.get("content-encoding") == "gzip" else None
    parts: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        try:
            part = unpack.decompress(chunk, MOST_BYTES + 1 - length) if unpack else chunk
        except zlib.error as error:
            raise Refused(400, Fault("bad-body", values={"error": str(error)})) from error
        length += len(part)
        if length > MOST_BYTES or (unpack is not None and unpack.unconsumed_tail):
            raise Refused(413, Fault("body-too-large", values={"mb": MOST_BYTES >> 20}))
        parts.append(part)
    if unpack is not None and not unpack.eof:
        raise Refused(400, Fault("bad-body", values={"error": "gzip is cut short"}))
    return b"".join(parts)


def _messages(body: bytes, kind: str) -> list[object]:
    """Return the messages of a body: one object, a list of them, or one a line."""
    try:
        text = body.decode("utf-8-sig")
        if "ndjson" in kind:
            found = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            given = json.loads(text)
            found = given if isinstance(given, list) else [given]
    except (ValueError, RecursionError) as error:
        raise Refused(400, Fault("bad-body", values={"error": str(error)})) from error
    if len(found) > MOST_ROWS:
        raise Refused(413, Fault("too-many-rows", values={"n": len(found), "most": MOST_ROWS}))
    return found


def _answer(found: list[Received]) -> Response:
    counts = {
        status: sum(one.status == status for one in found)
        for status in ("accepted", "repeated", "refused")
    }
    rows = [
        {
            "row": row,
            "status": one.status,
            "faults": [{"field": fault.field, **problem.told(fault)} for fault in one.faults],
        }
        for row, one in enumerate(found, start=1)
    ]
    none = bool(found) and counts["refused"] == len(found)
    # Escaped: a fault may quote half a character, which UTF-8 cannot write.
    body = json.dumps({**counts, "rows": rows})
    return Response(body, 422 if none else 202, media_type="application/json")


def _described(example: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body for OpenAPI."""
    one = {"type": "object", "example": example}
    many = {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
    key = {"name": "X-API-Key", "in": "header", "required": True, "schema": {"type": "string"}}
    return {
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": many,
                    "examples": {"one": {"value": example}, "batch": {"value": [example]}},
                },
                "application/x-ndjson": {"schema": one},
            },
        },
    }


_SAID: dict[int | str, dict[str, Any]] = {
    202: {"description": "committed; says of every row what became of it"},
    400: {"description": "the body cannot be read"},
    401: {"description": "no API key, or one that nobody has"},
    403: {"description": "this key is for something else"},
    413: {"description": "too much at once"},
    422: {"description": "every row was refused"},
    429: {"description": "too often; Retry-After says when again"},
    503: {"description": "the store cannot be written now; Retry-After says when again"},
}
_AT = "2025-07-01T08:00:00+08:00"
INCIDENT = {
    **{"source_id": "2025070100123", "title": "人民路积水", "channel": "hotline"},
    **{"category": "0406", "severity": 4, "happened_at": _AT, "reported_at": _AT},
    **{"lon": 121.2281, "lat": 31.0325, "address": "人民路 100 号"},
}
STAGE = {"stage": "dispatched", "happened_at": _AT, "actor": "网格中心"}
OBSERVATION = {"sensor_code": "PP-0001", "value": 0.31, "observed_at": _AT}


def router(context: Context, environment: Mapping[str, str] | None = None) -> APIRouter:
    """Return the routes; ``environment`` holds what intakes keep out of the city file."""
    routes = APIRouter(prefix="/api/v1", tags=["ways in"])
    intakes = context.store.city.intakes
    door = Door(intakes, os.environ if environment is None else environment, context.clock())

    async def take(
        request: Request, tells: str, also: Callable[[object], object] = lambda one: one
    ) -> Response:
        try:
            intake, allowance = door.open(request, tells, context.clock())
            body = await _body(request)
            kind = request.headers.get("content-type", "")
            messages = await asyncio.to_thread(_messages, body, kind)
        except Refused as refused:
            detail = {"detail": problem.told(refused.fault)}
            return JSONResponse(detail, refused.status, refused.headers)
        allowance.spend(len(messages))
        told = [also(one) for one in messages]
        # The store waits for its turn to write: not on the event loop.
        found = await asyncio.to_thread(receive, context.store, intake, told, context.clock())
        return _answer(found)

    given: dict[str, Any] = {"responses": _SAID, "status_code": 202}

    @routes.post("/incidents", openapi_extra=_described(INCIDENT), **given)
    async def incidents(request: Request) -> Response:
        """Tell of cases; the same ``source_id`` again is the same case."""
        return await take(request, "incidents")

    @routes.post("/incidents/{source_id}/stages", openapi_extra=_described(STAGE), **given)
    async def stages(request: Request, source_id: str) -> Response:
        """Tell steps of a case, by its source's own number; also before the case itself."""

        def of_case(one: object) -> object:
            return {**one, "source_id": source_id} if isinstance(one, Mapping) else one

        return await take(request, "stages", of_case)

    @routes.post("/observations", openapi_extra=_described(OBSERVATION), **given)
    async def observations(request: Request) -> Response:
        """Tell what sensors measured."""
        return await take(request, "observations")

    return routes
