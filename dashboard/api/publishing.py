"""How answers say what was published, and what is sent to publish or to open again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dashboard.context import Context
from geo_data import publications
from geo_data.publications import Publication
from geo_data.records import Scope

Name = Annotated[str, Field(min_length=1, max_length=40)]


class Published(BaseModel):
    """A publication; ``is_intact`` says whether what is kept fits its hash still."""

    number: str
    kind: str
    subject: str
    region: str
    period: str
    first_day: date
    last_day: date
    sha256: str
    is_intact: bool
    known_at: datetime
    published_at: datetime
    published_by: str
    supersedes: str | None
    reopened_at: datetime | None
    reopened_by: str | None
    reason: str | None


class Publishing(BaseModel):
    """Who publishes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"who": "张三"}})

    who: Name


class Reopening(BaseModel):
    """Who opens a publication again, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"who": "张三", "reason": "漏报 3 件"}}
    )

    who: Name
    reason: Annotated[str, Field(min_length=1, max_length=400)]


def published(context: Context, one: Publication) -> Published:
    """Return a publication as answers say it; what it speaks of was checked by the caller."""
    return Published(
        number=one.number,
        kind=one.kind,
        subject=one.subject,
        region=one.region_code,
        period=one.days.key,
        first_day=one.days.first,
        last_day=one.days.last,
        sha256=one.sha256,
        is_intact=publications.verify(context.store, Scope.everything(), one.number),
        known_at=one.known_at,
        published_at=one.published_at,
        published_by=one.published_by,
        supersedes=one.supersedes,
        reopened_at=one.reopened_at,
        reopened_by=one.reopened_by,
        reason=one.reason,
    )
