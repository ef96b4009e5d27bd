"""Messages nobody would write: real ones with something torn out, put in or turned over."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from geo_data.intakes import Intake

NO_KEY = "0" * 64
INTAKES = (
    Intake(key="plain", tells="incidents", key_sha256=NO_KEY, channel="hotline"),
    Intake(
        key="exported",
        tells="incidents",
        key_sha256=NO_KEY,
        timezone="America/New_York",
        fields={"source-id": "工单.编号", "happened-at": "时间", "severity": "等级"},
        values={"severity": {"一般": "4", "特大": "1"}, "channel": {"热线": "hotline"}},
    ),
    Intake(key="steps", tells="stages", key_sha256=NO_KEY, values={"stage": {"已结案": "closed"}}),
    Intake(key="iot", tells="observations", key_sha256=NO_KEY),
    Intake(
        key="kpa",
        tells="observations",
        key_sha256=NO_KEY,
        unit="kPa",
        to_unit="MPa",
        fields={"value": "data.0.v"},
    ),
)
_STEP = {"stage": "accepted", "happened_at": "2026-11-23T09:00:00+08:00", "actor": "中心"}
_TRUE: dict[str, dict[str, Any]] = {
    "incidents": {
        **{"source_id": "1", "title": "暴露垃圾", "channel": "patrol", "category": "0102"},
        **{"severity": 4, "lon": 121.205, "lat": 31.005, "address": "人民路 1 号"},
        **{"happened_at": "2026-11-23 08:00", "reported_at": "2026-11-23T08:30:00+08:00"},
        **{"stages": [_STEP], "工单": {"编号": "A-1"}, "时间": 1763856000, "等级": "一般"},
    },
    "stages": {"source_id": "1", **_STEP},
    "observations": {
        **{"sensor_code": "s0", "value": 0.3, "observed_at": "2026-11-23T08:00:00+08:00"},
        **{"data": {"0": {"v": 300}}},
    },
}
_NASTY: tuple[object, ...] = (
    *(None, True, False, 0, -0.0, -1, 4, 5, 1e15, 1e308, 10**19, 10**400, -(10**400)),
    *(math.nan, math.inf, -math.inf, 5e-324, 1763856000123, 99999999999999, -62135596800),
    *(
        "",
        " ",
        "\t\n",
        "\0",
        "a\0b",
        "\ud800",
        "x\udfffy",
        "𠮷",
        "١٢٣",
        "１２",
        "1e5",
        "nan",
        "Infinity",
    ),
    *("'; DROP TABLE incidents; --", "{}", "[]", "null", "A" * 201, "长" * 2001, "0102", "s0"),
    *(
        "2026-11-23",
        "2026-W48-1",
        "20261123T080000Z",
        "2026/11/23 08:00",
        "2026年11月23日 08:00:00",
    ),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z"),
    *(
        "1999-12-31T23:59:59Z",
        "2026-11-23T08:00:00+99:99",
        "2026-11-23T24:00:00Z",
        "0",
        "1763856000",
    ),
    *(
        [],
        [[]],
        [None],
        [1, "a", {}],
        {},
        {"": None},
        {"stage": "closed"},
        {"happened_at": 10**400},
    ),
    *([_STEP] * 30, [{**_STEP, "happened_at": "?"}], [{**_STEP, "x": 1}], b"bytes", (1, 2)),
    *(datetime(2026, 11, 23), datetime(2026, 11, 23, tzinfo=UTC), datetime.max, datetime.min),
)
_NAMES = ("lon", "lat", "region_code", "place_code", "code", "note", "", "工单", "data", "x" * 300)


def rubbish(seed: int, n: int) -> Iterator[tuple[Intake, object]]:
    """Yield so many messages, each with the intake it came by; equal seeds, equal messages."""
    draw = random.Random(seed)
    for number in range(n):
        intake = draw.choice(INTAKES)
        if draw.random() < 0.02:
            yield intake, draw.choice(_NASTY)
            continue
        message = {**_TRUE[intake.tells], "source_id": f"{seed}-{number}"}
        for _ in range(draw.choice((0, 1, 1, 1, 2, 3, 8))):
            _harm(message, draw)
        yield intake, message


def _harm(message: dict[Any, Any], draw: random.Random) -> None:
    name = draw.choice([*message, *_NAMES])
    how = draw.random()
    if how < 0.2:
        message.pop(name, None)
    elif how < 0.3 and isinstance(message.get(name), str):
        text = message[name]
        at = draw.randrange(len(text) + 1)
        message[name] = text[:at] + draw.choice(("\0", "\ud83d", "-", "９", "")) + text[at + 1 :]
    elif how < 0.4 and isinstance(message.get(name), list) and message[name]:
        step = dict(_STEP)
        step[draw.choice([*step, "zzz"])] = draw.choice(_NASTY)  # type: ignore[assignment]
        message[name] = [step, *message[name]]
    else:
        message[name] = draw.choice(_NASTY)
