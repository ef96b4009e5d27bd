"""A city whose reports were worked out by hand: two towns with cases, one without.

October 2026: six cases. Five were dispatched and closed, four of them in time; one never was
dispatched. September: three. October of the year before: two. On 26 November at 14:30 three stand
open: that of October, one past its limit, one whose limit is near.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from geo_data.city import City
from geo_data.duty_roster import DutyShift
from geo_data.ingest import Reading, Report, apply
from geo_data.records import Severity, Stage
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, case, step
from tests.geo_data.small_city import CITY, make_small_city
from tests.stores import Address

NOW = datetime.fromisoformat("2026-11-26T14:30:00+08:00")
ROSTER = (
    DutyShift(first=date(2026, 11, 25), leader="陈明", staff=("李华", "王芳")),
    DutyShift(first=date(2026, 11, 1), last=date(2026, 11, 30), leader="赵刚", region="t0"),
)


def at_hour(text: str) -> float:
    """Hours from the first noon of the lived city to a local moment."""
    return (datetime.fromisoformat(f"{text}:00+08:00") - NOON) / timedelta(hours=1)


def closed(number: str, day: str, handled: str | None = None, **told: Any) -> Iterator[Report]:
    """A case reported at nine, dispatched half an hour later, handled at ten unless said."""
    yield case(number, at_hour(f"{day}T09:00"), **told)
    yield step(number, Stage.FILED, at_hour(f"{day}T09:10"), actor="中心")
    yield step(number, Stage.DISPATCHED, at_hour(f"{day}T09:30"), actor="中心")
    done = at_hour(handled or f"{day}T10:00")
    yield step(number, Stage.HANDLED, done, actor="一队")
    yield step(number, Stage.CLOSED, done + 0.5, actor="中心")


def reports() -> Iterator[Report]:
    """Everything that the city was told."""
    here, there, aside = {"region_code": "t0g0"}, {"region_code": "t1g0"}, {"region_code": "t0g1"}
    at_b0 = {**here, "place_code": "b0"}
    patrol, video = {"channel": "patrol"}, {"channel": "video"}
    # The year before, September, October.
    yield from closed("y1", "2025-10-01", **here)
    yield from closed("y2", "2025-10-14", **here, **patrol)
    yield from closed("s1", "2026-09-02", **here)
    yield from closed("s2", "2026-09-09", **there, **patrol, category="0104")
    yield from closed("s3", "2026-09-10", **there, **patrol)
    yield from closed("o1", "2026-10-12", **at_b0)
    yield from closed("o2", "2026-10-13", **at_b0)
    late = "2026-10-20T10:00"
    yield from closed("o3", "2026-10-14", late, **aside, **patrol, category="0104")
    yield from closed("o4", "2026-10-15", **there, **patrol)
    yield case("o5", at_hour("2026-10-16T09:00"), **there, **video, category="0201")
    yield from closed("o6", "2026-10-19", **at_b0)
    # November: a week with one case after a week with one, and a day with one.
    yield from closed("n1", "2026-11-10", **here)
    yield case("n2", at_hour("2026-11-18T09:00"), **here)
    yield step("n2", Stage.DISPATCHED, at_hour("2026-11-18T09:30"), actor="中心")
    yield case("n3", at_hour("2026-11-25T09:00"), **there, **patrol, severity=Severity.LARGE)
    yield step("n3", Stage.DISPATCHED, at_hour("2026-11-26T11:00"), actor="中心")


def make_counted_city(address: Address, **changes: Any) -> Store:
    """Make the store, leave it open."""
    make_small_city(address).close()
    city: City = CITY.model_copy(update={"duty": ROSTER, **changes})
    store = open_store(address, city, create=True)
    apply(store, list(reports()), NOW)
    apply(store, [Reading(f"s{n}", 0.2, NOW - timedelta(minutes=1)) for n in range(6)], NOW)
    return store


def templates_in(folder: Path, **files: str) -> Path:
    """Write templates of a city: ``monthly="…"`` is ``monthly.j2``."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.j2").write_text(text, encoding="utf-8")
    return folder
