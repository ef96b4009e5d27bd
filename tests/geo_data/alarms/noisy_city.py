"""The small city with rules of its own, and what its sensors tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from geo_data.alarms.rules import CityAlarms
from geo_data.city import City
from geo_data.ingest import Reading, apply
from geo_data.ladders import WarningLevel
from geo_data.queries import alarm, alarms
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.store.file import city_text
from tests.geo_data.small_city import CITY

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
ALL = Scope.everything()
RED, ORANGE, YELLOW, BLUE = WarningLevel


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def rule(
    key: str, kind: str, unit: str, *conditions: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        **{
            "key": key,
            "name": {"zh": f"{key}规则", "en": f"Rule {key}"},
            "kind": kind,
            "unit": unit,
        },
        **{"any-of": list(conditions), "source": "test", "effective-from": "2020-01-01"},
        **more,
    }


NOISE = {"measure": "value", "yellow": 70, "orange": 80, "red": 90, "hysteresis": 3}
RULES = CityAlarms.model_validate(
    {
        "rules": [
            rule(
                *("noise", "noise", "dB(A)", NOISE),
                **{
                    "escalate": [
                        {"after-min": after, "to": {"zh": f"第{after}", "en": f"Number {after}"}}
                        for after in (10, 20)
                    ],
                    "opens-incident": {"category": "0508", "from-level": "orange", "severity": 3},
                },
            ),
            rule(
                "pressure",
                "pipe-pressure",
                "MPa",
                {**NOISE, "hold-min": 8}
                | {
                    "when": "<",
                    "yellow": 0.2,
                    "orange": 0.15,
                    "red": 0.1,
                    "hysteresis": 0.02,
                },
            ),
            rule("air", "pm25", "µg/m³", {"measure": "mean", "minutes": 60, "yellow": 100}),
            rule("quiet", "noise", "dB(A)", {"measure": "absence", "blue": 30, "yellow": 90}),
        ],
        "off": ["main-pressure-low"],
    }
)


def with_rules(store: Store, rules: CityAlarms = RULES) -> None:
    # Read anew: a copy would keep the rules that were made of the old ones.
    store.city = City.model_validate_json(city_text(CITY.model_copy(update={"alarms": rules})))


def read(sensor: str, value: float, after_min: float = 0) -> Reading:
    return Reading(sensor, value, NOW + minutes(after_min))


def tell(store: Store, *readings: Reading, at_min: float | None = None) -> None:
    at = max(one.observed_at for one in readings) if at_min is None else NOW + minutes(at_min)
    apply(store, list(readings), at)


def up(
    store: Store, at_min: float = 10_000, scope: Scope = ALL
) -> list[tuple[str, str | None, object]]:
    found = alarms(store, scope, None, NOW + minutes(10_000))
    return [(one.rule, one.sensor_code, one.level) for one in found]


def history(store: Store, alarm_id: int = 1) -> list[tuple[str, object]]:
    found = alarm(store, ALL, alarm_id, NOW + minutes(10_000))
    assert found is not None
    return [(str(step.change), step.level) for step in found.steps]


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return (
            connection.scalar(select(func.count()).select_from(getattr(store.tables, table))) or 0
        )
