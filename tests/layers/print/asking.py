"""Requests for sheets of the small city."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from geo_data.records import Scope
from geo_data.store import Store
from layers.print import Sheet, SheetRequest, situation_map
from tests.geo_data.lived_city import NOON

AT = NOON + timedelta(hours=12.25)
REQUEST = SheetRequest(
    region_code="c",
    at=AT,
    drawn_at=AT + timedelta(minutes=5),
    unit="松江区城市运行管理中心",
    reviewer="李审核",
    user="张三",
    number="YP-20250701-0007",
    secrecy_term="1年",
)


def asked(**changes: Any) -> SheetRequest:
    return replace(REQUEST, **changes)


def sheet_of(city: Store, **changes: Any) -> Sheet:
    return situation_map(city, Scope(), asked(**changes))
