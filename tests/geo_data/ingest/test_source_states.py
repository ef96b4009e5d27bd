"""What is known of each source: counted with its rows, said in any language to whom may know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from geo_data import queries
from geo_data.faults import Fault, InputError, faults_of_text, faults_text
from geo_data.ingest.receiving import receive
from geo_data.ingest.source_states import SLOTS_KEPT, note_contact, note_error
from geo_data.intakes import Intake
from geo_data.queries.sources import SourceState, Told
from geo_data.records import Scope
from geo_data.store import Store, open_store
from tests.geo_data.small_city import CITY, make_small_city
from tests.stores import Stores

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
ALL = Scope.everything()
DIGEST = "0" * 64
IOT = Intake.model_validate(
    {
        **{"key": "iot", "tells": "observations", "key-sha256": DIGEST, "period-s": 60},
        "name": {"zh": "水务物联", "en": "Water sensors"},
    }
)
STEPS = Intake(key="steps", tells="stages", key_sha256=DIGEST)
TABLE = Intake.model_validate(
    {
        **{"key": "grid", "tells": "incidents"},
        "table": {"url": "sqlite:////srv/grid.db", "table": "t", "mark": "id"},
    }
)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    address = stores.new()
    make_small_city(address).close()
    city = CITY.model_copy(update={"intakes": (IOT, STEPS, TABLE)})
    store = open_store(address, city, create=True)
    yield store
    store.close()


def reading(at: datetime, sensor: str = "s1", value: object = 1) -> dict[str, object]:
    return {"sensor_code": sensor, "value": value, "observed_at": at}


def state(store: Store, key: str = "iot", now: datetime = NOW, scope: Scope = ALL) -> SourceState:
    return next(one for one in queries.sources(store, scope, now) if one.key == key)


def test_a_batch_is_counted_with_its_rows(store: Store) -> None:
    told = [reading(NOW - timedelta(seconds=s)) for s in (10, 20, 60)]
    receive(store, IOT, [*told, told[0], reading(NOW, "nobody"), "rubbish"], NOW)
    one = state(store)
    assert (one.says("zh-CN"), one.says("en"), one.way) == ("水务物联", "Water sensors", "http")
    assert one.hour == one.today == Told(accepted=3, repeated=1, refused=2)
    assert (one.seen_at, one.ok_at) == (NOW, NOW)
    # The row of nobody's sensor is refused, so its time is not the source's.
    assert one.data_at == NOW - timedelta(seconds=10)
    assert one.lag_s == 20
    assert one.letters == 2
    assert state(store, "steps") == SourceState(
        "steps", None, "http", "stages", None, None, hour=Told(), today=Told(), letters=0
    )


def test_late_and_silent_by_its_own_period(store: Store) -> None:
    assert state(store).state == "lost"
    receive(store, IOT, [reading(NOW)], NOW)
    said = [state(store, now=NOW + timedelta(seconds=s)).state for s in (60, 90, 91, 180, 181)]
    assert said == ["fresh", "fresh", "late", "late", "lost"]
    assert state(store, "steps").state is None


def test_a_time_ahead_of_ours_is_now(store: Store) -> None:
    receive(store, IOT, [reading(NOW + timedelta(hours=2))], NOW)
    assert state(store).data_at == NOW


def test_hours_and_days_are_the_citys(store: Store) -> None:
    midnight = datetime(2025, 6, 30, 16, tzinfo=UTC)
    for at in (midnight - timedelta(minutes=1), midnight, NOW - timedelta(minutes=66), NOW):
        receive(store, IOT, [reading(at)], at)
    one = state(store)
    assert (one.today, one.hour) == (Told(3), Told(1))
    later = NOW + timedelta(minutes=5 * SLOTS_KEPT + 10)
    receive(store, IOT, [reading(later)], later)
    slots = store.tables.intake_slots
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(slots)) == 1


def test_an_error_is_known_to_every_process_until_it_answers(store: Store) -> None:
    gone = Fault("database-refused", values={"url": "sqlite:///x", "error": "gone"})
    note_error(store, "grid", gone, NOW)
    note_error(store, "grid", gone, NOW + timedelta(minutes=9))
    one = state(store, "grid")
    assert (one.error, one.error_at, one.seen_at) == (gone, NOW, None)
    assert one.address == "sqlite:////srv/grid.db · t"
    note_contact(store, "grid", NOW + timedelta(minutes=10))
    one = state(store, "grid")
    assert (one.error, one.error_at, one.ok_at) == (None, None, None)
    assert one.seen_at == NOW + timedelta(minutes=10)


def test_who_sees_a_part_is_told_how_old_it_is_and_no_more(store: Store) -> None:
    receive(store, IOT, ["rubbish", reading(NOW)], NOW)
    note_error(store, "grid", Fault("no-file"), NOW)
    for scope in (
        Scope(region_code="t0"),
        Scope(kinds=frozenset({"school"})),
        Scope(masked=frozenset({"phone"})),
    ):
        assert queries.letters(store, scope, "iot") == []
        for one in queries.sources(store, scope, NOW):
            withheld = (one.hour, one.today, one.error, one.error_at, one.letters, one.address)
            assert withheld == (None,) * 6
        assert state(store, scope=scope).state == "fresh"
    nothing = Scope(kinds=frozenset())
    assert [one.key for one in queries.sources(store, nothing, NOW)] == ["steps", "grid"]
    with pytest.raises(InputError):
        queries.sources(store, Scope(region_code="elsewhere"), NOW)
    assert len(queries.letters(store, Scope(region_code="c"), "iot")) == 1


def test_letters_say_why_in_either_language(store: Store) -> None:
    receive(store, IOT, [reading(NOW, value="wet"), reading(NOW, "nobody")], NOW)
    old = {"source": "iot", "received_at": NOW, "raw": "{}", "reason": "第 1 行: 旧的原因"}
    with store.write() as connection:
        connection.execute(insert(store.tables.dead_letters), old)
    before, unknown, wrong = queries.letters(store, ALL, "iot")
    assert before.why("en") == before.why("zh-CN") == ["第 1 行: 旧的原因"]
    assert "nobody" in unknown.why("en")[0]
    assert unknown.why("zh-CN")[0].startswith("字段 sensor_code")
    assert wrong.why("en")[0].startswith("row 1 · field value")
    assert "wet" in wrong.raw
    assert wrong.reason == "\n".join(wrong.why("zh-CN"))
    older = queries.letters(store, ALL, "iot", limit=1, before=before.id)
    assert [one.id for one in older] == [unknown.id]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[",
        '[{"key": "gone-with-a-version"}]',
        '[{"key": "too-long", "values": {"n": 1}}]',
        "[1]",
    ],
)
def test_what_cannot_be_said_any_more_is_left_to_its_sentence(text: str | None) -> None:
    assert faults_of_text(text) == ()


def test_a_fault_is_kept_with_what_json_cannot_write() -> None:
    fault = Fault("too-early", row=3, field="x\0", values={"got": NOW, "year": 2000})
    (kept,) = faults_of_text(faults_text([fault]))
    assert kept.sentence("en") == fault.sentence("en")
    assert "\0" not in faults_text([fault])


@given(cuts=st.lists(st.integers(1, 7), max_size=8), order=st.permutations(range(20)))
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_any_cut_into_batches_counts_the_same(
    store: Store, cuts: Sequence[int], order: Sequence[int]
) -> None:
    """A repetition is one however it comes; what is newest is."""
    with store.write() as connection:
        for table in (store.tables.intake_states, store.tables.intake_slots):
            connection.execute(table.delete())
        connection.execute(store.tables.observations.delete())
        connection.execute(store.tables.readings.delete())
    told: list[Any] = [reading(NOW - timedelta(seconds=n % 10)) for n in order]
    told += ["rubbish"]
    for cut in [*cuts, len(told)]:
        batch, told = told[:cut], told[cut:]
        receive(store, IOT, batch, NOW)
    one = state(store)
    assert one.today == Told(accepted=10, repeated=10, refused=1)
    assert one.data_at == NOW
