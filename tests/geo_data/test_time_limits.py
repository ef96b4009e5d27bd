"""Which limit holds when, what is left of it, and a table that a city brings itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data import feed
from geo_data.case_clock import case_clock
from geo_data.city import read_city
from geo_data.faults import InputError
from geo_data.histories import NEVER
from geo_data.ingest import Report, StageReport, apply
from geo_data.queries import incident, incidents, open_by_region, stages
from geo_data.queries.open_cases import OpenCount
from geo_data.records import Scope, Stage
from geo_data.rollups import adopt_clock, clock_notices, recount
from geo_data.stage_clock import stage_clock
from geo_data.store import Store, open_store
from geo_data.time_limits import NO_LIMIT, LimitTable, default_limits
from geo_data.working_calendar import WorkingCalendar
from tests.geo_data.lived_city import DAY, NOON, case, hours, opened, step
from tests.geo_data.small_city import CITY, make_small_city
from tests.geo_data.test_histories import MONDAY, after, ms, verdict_of
from tests.stores import Stores

ALL = Scope.everything()
SHANGHAI = ZoneInfo("Asia/Shanghai")
TABLE = LimitTable.model_validate(
    {
        "source": "test rules",
        "version": "1",
        "effective-from": date(2025, 1, 1),
        "limits": {
            "01": {"working-hours": 8},
            "0102": [
                {"working-days": 1, "effective-from": date(2025, 7, 1)},
                {"hours": 2, "effective-from": date(2025, 9, 1), "source": "No. 8"},
            ],
            "05": {"hours": 4},
        },
    }
)
CLOCK = case_clock(WorkingCalendar(holidays="none"), TABLE, "Asia/Shanghai")


def held(category: str, day: date) -> tuple[float, str, str] | None:
    at = int(datetime(day.year, day.month, day.day, 4, tzinfo=UTC).timestamp() * 1000)
    row = CLOCK.row(int(CLOCK.rows_held(np.array([category], dtype=object), np.array([at]))[0]))
    return row and (row.amount, row.unit, row.source_in("en"))


def test_the_limit_of_the_day_of_dispatch_holds() -> None:
    assert held("0102", date(2024, 12, 31)) is None
    assert held("0102", date(2025, 1, 1)) == (8, "working_hours", "test rules")
    assert held("0102", date(2025, 7, 1)) == (1, "working_days", "test rules")
    assert held("0102", date(2026, 1, 1)) == (2, "hours", "No. 8")
    assert held("0199", date(2026, 1, 1)) == (8, "working_hours", "test rules")
    assert held("7777", date(2026, 1, 1)) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["0102", "0101", "0504", "99"]), st.dates(date(2024, 1, 1))),
        max_size=30,
    )
)
def test_a_column_holds_what_each_case_does(asked: list[tuple[str, date]]) -> None:
    days = np.array([(day - date(1970, 1, 1)).days for _, day in asked], dtype=np.int64)
    rows = TABLE.rows_held(np.array([code for code, _ in asked], dtype=object), days)
    for (code, day), row in zip(asked, rows.tolist(), strict=True):
        own = [one for one in TABLE.rows if one.category == code and one.effective_from <= day]
        major = [one for one in TABLE.rows if one.category == code[:2]]
        major = [one for one in major if one.effective_from <= day]
        best = max(own or major, key=lambda one: one.effective_from, default=None)
        assert (None if row == NO_LIMIT else TABLE.rows[row]) == best


def test_a_category_without_a_limit_is_never_due() -> None:
    verdict = verdict_of([(Stage.DISPATCHED, after(0))], "9999")
    assert (verdict.due_ms[0], verdict.soon_ms[0]) == (NEVER, NEVER)


def test_due_soon_is_the_last_quarter_or_the_last_hour() -> None:
    # 0102: four working hours, a quarter is one; 0403: two hours, an hour is more than a quarter.
    assert verdict_of([(Stage.DISPATCHED, after(1))], "0102").soon_ms[0] == ms(after(4))
    assert verdict_of([(Stage.DISPATCHED, after(1))], "0403").soon_ms[0] == ms(after(2))
    # 0101: eighty working hours, the last twenty begin in the middle of a day.
    soon_ms = verdict_of([(Stage.DISPATCHED, MONDAY)], "0101").soon_ms[0]
    assert soon_ms == ms(datetime(2025, 7, 9, 13, tzinfo=SHANGHAI))


PAUSE = [
    *(case("p", 0, category="0402", region_code="t0g0"), step("p", Stage.DISPATCHED, 0)),
    *(step("p", Stage.EXTENDED, 5), step("p", Stage.HANDLED, 15)),
]
"""Six hours: an hour is left when it is put off, and again when it goes on ten hours later."""


@pytest.fixture
def paused(stores: Stores) -> Store:
    store = make_small_city(stores.new())
    for hour, report in zip((0, 0, 5, 15), PAUSE, strict=True):
        apply(store, [report], NOON + hours(hour))
    return store


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (4.4, (1, 0, 0)),
        (4.6, (1, 0, 1)),
        (5, (1, 0, 0)),
        (10, (1, 0, 0)),
        (15.5, (1, 0, 1)),
        (16, (1, 0, 1)),
        (16.1, (1, 1, 0)),
    ],
)
def test_due_soon_and_overdue_around_a_pause(
    paused: Store, hour: float, expected: tuple[int, int, int]
) -> None:
    at = NOON + hours(hour)
    with opened(paused):
        (found,) = incidents(paused, ALL, "c", DAY, at)
        assert open_by_region(paused, ALL, at) == {"t0g0": OpenCount(*expected)}
        assert (found.is_overdue(at), found.is_due_soon(at)) == (
            bool(expected[1]),
            bool(expected[2]),
        )
        # Without the log of changes the answer is read off the history itself.
        feed.prune(paused, NOON + timedelta(days=9))
        assert open_by_region(paused, ALL, at) == {"t0g0": OpenCount(*expected)}


@pytest.mark.parametrize(
    ("hour", "left", "stopped"),
    [(2, 4, False), (7, 1, True), (14, 1, True), (15.5, 0.5, False), (18, -2, False)],
)
def test_the_clock_of_a_case_as_people_read_it(
    paused: Store, hour: float, left: float, stopped: bool
) -> None:
    at = NOON + hours(hour)
    with opened(paused):
        found = incident(paused, ALL, 1, at)
        assert found is not None
        clock = stage_clock(CITY.case_clock, found, stages(paused, ALL, 1, at), at)
    assert clock is not None
    assert clock.limit is not None
    assert (clock.limit.amount, clock.started_at) == (6, NOON)
    assert (clock.left, clock.used) == (hours(left), hours(6 - left))
    assert (clock.stopped_at is not None) == stopped


@pytest.mark.parametrize("reports", list(permutations(PAUSE)), ids=lambda _: "")
def test_the_end_is_the_same_in_any_order(reports: tuple[Report, ...]) -> None:
    told = [one for one in reports if isinstance(one, StageReport)]
    history = [(one.stage, after((one.happened_at - NOON) / hours(1))) for one in told]
    assert verdict_of(history, "0402").due_ms[0] == ms(after(16))


def test_a_recount_judges_by_the_new_limits(stores: Stores) -> None:
    address = stores.new()
    with opened(make_small_city(address)) as store:
        reports = [case("1", 0, region_code="t0g0"), step("1", Stage.DISPATCHED, 0)]
        apply(store, reports, NOON + hours(1))
        (before,) = incidents(store, ALL, "c", DAY, NOON + hours(2))
        assert before.due_at == NOON + hours(4)
        assert clock_notices(store) == []
        adopt_clock(store, CITY.model_copy(update={"time_limits": TABLE}))
        assert [fault.key for fault in clock_notices(store)] == ["clock-outdated"]
        assert recount(store, NOON + hours(3)) == 1
        assert recount(store, NOON + hours(3)) == 0
    with opened(open_store(address)) as store:
        assert clock_notices(store) == []
        (after_it,) = incidents(store, ALL, "c", DAY, NOON + hours(4))
        # A working day from Tuesday noon: five hours that day, three the next morning.
        assert after_it.due_at == NOON + hours(24)
        apply(store, [step("1", Stage.ACCEPTED, -1)], NOON + hours(5))
        assert incidents(store, ALL, "c", DAY, NOON + hours(6))[0].due_at == NOON + hours(24)


def write_city(folder: Path, limits: str) -> Path:
    example = Path(__file__).parents[2] / "docs" / "examples" / "clearbay.toml"
    text = example.read_text("utf-8").partition("[[sources]]")[0]
    (folder / "city.toml").write_text(f'time-limits = "limits.toml"\n{text}', encoding="utf-8")
    (folder / "limits.toml").write_text(limits, encoding="utf-8")
    return folder / "city.toml"


HEAD = 'source = "s"\nversion = "1"\neffective-from = 2025-01-01\n[limits]\n'


def test_a_city_brings_its_own_table(tmp_path: Path) -> None:
    city = read_city(write_city(tmp_path, f"{HEAD}01 = {{ working-days = 2 }}\n"))
    assert city.time_limits is not None
    (row,) = city.case_clock.limits.rows
    assert (row.category, row.amount, row.unit) == ("01", 2, "working_days")
    kept = type(city).model_validate_json(
        city.model_dump_json(by_alias=True, exclude_defaults=True)
    )
    assert kept.case_clock.stamp == city.case_clock.stamp != CITY.case_clock.stamp


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("01 = { hours = 1, working-hours = 2 }", "limit-units"),
        ("01 = { days = 1 }", "unknown-key"),
        ("01 = [{ hours = 1 }, { hours = 2 }]", "limits-same-day"),
        ("01 = { hours = 0 }", "bad-value"),
    ],
)
def test_a_wrong_table_is_named_with_its_key(tmp_path: Path, rows: str, key: str) -> None:
    with pytest.raises(InputError) as error:
        read_city(write_city(tmp_path, f"{HEAD}{rows}\n"))
    faults = error.value.faults
    assert key in {fault.key for fault in faults}
    assert all(str(fault.file).endswith("limits.toml") for fault in faults)


def test_the_table_of_the_program_is_whole() -> None:
    table = default_limits()
    assert all("unverified" in row.source_in("en") for row in table.rows)
    assert {row.category for row in table.rows} >= {"0102", "01"}
    assert held("0504", date(2026, 1, 1)) == (4, "hours", "test rules")
