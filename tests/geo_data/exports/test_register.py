"""The register: numbers in order, states that go forward, nobody sees what is not theirs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from geo_data.exports import (
    COMMAND_LINE,
    ExportRequest,
    State,
    checked,
    enter,
    export_record,
    export_records,
    register,
)
from geo_data.faults import Fault, InputError
from geo_data.records import Scope
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, hours, opened
from tests.stores import address_of

ALL = Scope.everything()
AT = NOON + hours(13)


@pytest.fixture
def store(lived_store: Store) -> Store:
    return lived_store


def asked(region: str = "c", at: datetime = AT, **more: object) -> ExportRequest:
    told = {"format": "csv", "region": region, "user": "张三"} | more
    return checked(ExportRequest.model_validate(told), at)


def entered(store: Store, scope: Scope = ALL, at: datetime = AT, **more: object) -> str:
    return enter(store, scope, asked(at=at, **more), at).number  # type: ignore[arg-type]


def test_numbers_are_given_in_order_by_the_day_of_the_city(store: Store) -> None:
    # One o'clock at night in the city, still the day before in UTC.
    assert [entered(store) for _ in range(2)] == ["c-20250702-0001", "c-20250702-0002"]
    assert entered(store, at=AT + hours(24)) == "c-20250703-0001"
    assert entered(store) == "c-20250702-0003"


def test_numbers_of_many_who_ask_at_once_are_all_different(store: Store) -> None:
    second = open_store(address_of(store), busy_timeout_s=30)
    with opened(second), ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: entered((store, second)[n % 2]), range(40)))
    assert sorted(found) == [f"c-20250702-{n:04}" for n in range(1, 41)]


def test_a_record_holds_what_was_asked_for_by_whom_and_what_they_might_see(store: Store) -> None:
    scope = Scope("t1", frozenset({"noise"}), frozenset({"title"}))
    request = asked("t1", layers=("incidents",), secrecy="秘密", secrecy_term="10年")
    found = enter(
        store, scope, request, AT, asked_from="10.0.0.7", base="https://city.example/", key="k"
    )
    again = export_record(store, scope, found.number)
    assert again == found
    assert again is not None
    assert (again.request, again.scope) == (request, scope)
    assert (again.asked_by, again.asked_from) == ("张三", "10.0.0.7")
    assert again.link == "https://city.example/exports/c-20250702-0001"
    assert (again.state, again.known_at, again.created_at) == (State.QUEUED, AT, AT)


def test_the_same_key_is_the_same_export_and_another_request_is_refused(store: Store) -> None:
    first = ExportRequest.model_validate({"format": "csv", "region": "c"})
    found = [
        enter(store, ALL, checked(first, at), at, asked=first, key="k").number
        for at in (AT, AT + hours(1))
    ]
    assert found[0] == found[1]
    other = ExportRequest.model_validate({"format": "xlsx", "region": "c"})
    with pytest.raises(InputError) as caught:
        enter(store, ALL, checked(other, AT), AT, asked=other, key="k")
    assert caught.value.faults[0].key == "export-key-used"
    assert len(export_records(store, ALL)) == 1


def test_states_go_forward_only(store: Store) -> None:
    number = entered(store)
    assert not register.finish(store, number, AT, "f", 1, "0")
    assert register.begin(store, number, AT)
    assert not register.begin(store, number, AT)
    assert register.tell(store, number, "write", 0.5)
    assert register.finish(store, number, AT, "c.csv.zip", 12, "ab")
    for moved in (register.cancel, register.begin):
        assert not moved(store, number, AT)
    assert not register.fail(store, number, AT, [Fault("export-memory", values={"mb": 1})])
    found = export_record(store, ALL, number)
    assert found is not None
    assert (found.state, found.bytes, found.sha256, found.share) == (State.DONE, 12, "ab", 1.0)
    assert found.has_file
    assert register.removed(store, number, AT + hours(1))
    found = export_record(store, ALL, number)
    assert found is not None
    assert (found.has_file, found.sha256) == (False, "ab")


def test_why_it_failed_is_kept_to_be_said_in_any_language(store: Store) -> None:
    number = entered(store)
    register.begin(store, number, AT)
    fault = Fault("export-too-many-cases", field="window", values={"most": 5})
    register.fail(store, number, AT, [fault])
    found = export_record(store, ALL, number)
    assert found is not None
    assert found.faults == (fault,)
    assert "5" in found.faults[0].reason("zh-CN")


def test_what_was_cut_off_is_made_again_once_and_then_has_failed(store: Store) -> None:
    number = entered(store)
    register.begin(store, number, AT)
    assert register.take_over(store, AT) == [number]
    register.begin(store, number, AT)
    assert register.take_over(store, AT) == []
    found = export_record(store, ALL, number)
    assert found is not None
    assert (found.state, found.faults[0].key) == (State.FAILED, "export-interrupted")
    # What was let go of in good order counts as if it had not begun.
    number = entered(store)
    for _ in range(5):
        assert register.begin(store, number, AT)
        assert register.put_back(store, number)


def test_what_the_command_line_makes_is_left_to_it_until_it_must_be_gone(store: Store) -> None:
    more = {"asked_from": f"{COMMAND_LINE}operator", "is_begun": True}
    record = enter(store, ALL, asked(), AT, **more)  # type: ignore[arg-type]
    assert (record.state, record.started_at, record.attempts) == (State.RUNNING, AT, 1)
    assert register.in_state(store, State.QUEUED) == []
    assert register.take_over(store, AT + hours(1)) == []
    assert register.finish(store, record.number, AT, "map.pdf", 3, "ab")
    killed = enter(store, ALL, asked(), AT, **more)  # type: ignore[arg-type]
    assert register.take_over(store, AT + hours(7)) == []
    found = export_record(store, ALL, killed.number)
    assert found is not None
    assert (found.state, found.faults[0].key) == (State.FAILED, "export-interrupted")


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (ALL, True),
        (Scope("t1"), True),
        (Scope("t1g0"), False),
        (Scope("t0"), False),
        (Scope("t1", frozenset({"noise", "smoke"}), frozenset({"title"})), True),
        (Scope("t1", frozenset({"smoke"}), frozenset({"title"})), False),
        (Scope("t1", None, frozenset({"title", "address"})), False),
    ],
)
def test_a_record_is_seen_by_who_might_see_all_that_is_in_it(
    store: Store, viewer: Scope, sees: bool
) -> None:
    made_for = Scope("t1", frozenset({"noise"}), frozenset({"title"}))
    number = enter(store, made_for, asked("t1"), AT).number
    assert (export_record(store, viewer, number) is not None) is sees
    assert [one.number for one in export_records(store, viewer)] == [number] * sees


def test_the_newest_are_listed_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "PAGE", 3)
    numbers = [entered(store, at=AT + timedelta(seconds=n)) for n in range(8)][::-1]
    assert [one.number for one in export_records(store, ALL, 5)] == numbers[:5]
    assert [one.number for one in export_records(store, ALL, 5, 5)] == numbers[5:]
    assert export_records(store, ALL, 5, 8) == []


def test_a_queue_has_an_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "MOST_WAITING", 2)
    for _ in range(2):
        entered(store)
    with pytest.raises(InputError) as caught:
        entered(store)
    assert caught.value.faults[0].key == "export-queue-full"


def test_what_another_program_wrote_can_still_be_read(store: Store) -> None:
    number = entered(store)
    table = store.tables.exports
    told = json.loads(asked().model_dump_json())
    told |= {"glitter": 3, "filters": told["filters"] | {"open_only": True}}
    with store.write() as connection:
        connection.execute(table.update().values(request=json.dumps(told)))
    found = export_record(store, ALL, number)
    assert found is not None
    assert found.request == asked()
    assert [one.number for one in export_records(store, ALL)] == [number]
