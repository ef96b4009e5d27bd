"""What becomes of an alarm: acknowledged, passed on, told, copied, dropped, and as known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import event

from geo_data import queries
from geo_data.alarms import keeping
from geo_data.alarms.desk import acknowledge
from geo_data.alarms.keeping import SOURCE, keep_watch
from geo_data.alarms.roster import roster_notices, roster_of
from geo_data.alarms.rules import CityAlarms
from geo_data.faults import Fault, InputError
from geo_data.feed import changes_after, cursor
from geo_data.ladders import Severity
from geo_data.queries import alarm, alarm_counts, alarms
from geo_data.records import Scope, Window
from geo_data.retention import keep_up
from geo_data.rollups.case_log import case_log
from geo_data.store import Store, copy_city, open_store
from tests.geo_data.alarms.noisy_city import (
    ALL,
    NOISE,
    NOW,
    ORANGE,
    RED,
    RULES,
    YELLOW,
    count,
    history,
    minutes,
    read,
    rule,
    tell,
    up,
    with_rules,
)
from tests.stores import Stores, address_of


def test_acknowledged_once_by_the_first_and_again_when_it_is_worse(store: Store) -> None:
    tell(store, read("s1", 82))
    assert acknowledge(store, 1, " 张 三\n", NOW + minutes(1))
    assert not acknowledge(store, 1, "李四", NOW + minutes(2))
    (one,) = alarms(store, ALL, None, NOW + minutes(3))
    assert (one.acknowledged_by, one.acknowledged_at) == ("张 三", NOW + minutes(1))
    assert not one.is_urgent
    tell(store, read("s1", 95, 4))
    (one,) = alarms(store, ALL, None, NOW + minutes(4))
    assert (one.acknowledged_by, one.is_urgent) == (None, True)
    tell(store, read("s1", 10, 5))
    with pytest.raises(InputError, match="over"):
        acknowledge(store, 1, "张三", NOW + minutes(6))
    with pytest.raises(InputError, match="over"):
        acknowledge(store, 99, "张三", NOW + minutes(6))


@pytest.mark.parametrize("who", ["", "  ", "x" * 41, "a\x00b"])
def test_who_acknowledges_has_a_name(store: Store, who: str) -> None:
    tell(store, read("s1", 82))
    with pytest.raises(InputError, match="who"):
        acknowledge(store, 1, who, NOW)


def test_an_alarm_nobody_acknowledges_goes_further(store: Store) -> None:
    tell(store, read("s1", 72))
    for after in (9, 10, 11, 20, 99):
        keep_watch(store, NOW + minutes(after), NOW)
    found = alarm(store, ALL, 1, NOW + minutes(99))
    assert found is not None
    told = [(step.who, step.at) for step in found.steps if step.change == "escalated"]
    assert told == [("第10", NOW + minutes(10)), ("第20", NOW + minutes(20))]
    assert found.escalated == 2


def test_an_alarm_somebody_has_seen_goes_no_further_until_it_is_worse(store: Store) -> None:
    tell(store, read("s1", 72))
    acknowledge(store, 1, "张三", NOW + minutes(5))
    keep_watch(store, NOW + minutes(30), NOW + minutes(30))
    tell(store, read("s1", 82, 31))
    keep_watch(store, NOW + minutes(40), NOW + minutes(40))
    assert [name for name, _ in history(store) if name == "escalated"] == []
    keep_watch(store, NOW + minutes(41), NOW + minutes(41))
    assert [name for name, _ in history(store) if name == "escalated"] == ["escalated"]


def test_an_alarm_opens_its_case_once(store: Store) -> None:
    tell(store, read("s1", 72))
    keep_watch(store, NOW, NOW)
    assert count(store, "incidents") == 0
    tell(store, read("s1", 82, 1))
    for after in (1, 2, 3):
        keep_watch(store, NOW + minutes(after), NOW)
    span = Window(NOW - minutes(60), NOW + minutes(60))
    (case,) = queries.incidents(store, ALL, "c", span, NOW + minutes(5))
    assert (case.source, case.source_id) == (SOURCE, "1")
    assert (case.channel, case.category, case.severity) == ("iot", "0508", Severity.LARGE)
    assert (case.region_code, case.title) == ("t0g0", "传感器1noise规则")
    assert (case.happened_at, case.reported_at) == (NOW + minutes(1), NOW)
    (one,) = alarms(store, ALL, None, NOW + minutes(5))
    assert one.case_code == case.code == "YJ20250701-1"


def test_a_rule_that_is_gone_takes_its_alarms_along(store: Store) -> None:
    tell(store, read("s1", 72), read("s4", 72))
    with_rules(store, RULES.model_copy(update={"off": ("noise",)}))
    keep_watch(store, NOW + minutes(1), NOW)
    assert up(store) == []
    assert history(store) == [("raised", YELLOW), ("cleared", YELLOW)]


def test_places_of_rules(store: Store) -> None:
    changed = rule("noise", "noise", "dB(A)", NOISE, regions=["t1"])
    with_rules(store, CityAlarms.model_validate({"rules": [changed]}))
    tell(store, read("s1", 95), read("s4", 95), read("s5", 95))
    assert up(store) == [("noise", "s4", RED)]
    wrong = [
        rule("a", "noise", "dB(A)", NOISE, regions=["t9"]),
        rule("b", "noise", "dB(A)", NOISE, **{"place-kinds": ["village"]}),
        rule("c", "pipe-pressure", "MPa", NOISE, **{"effective-from": "2026-01-01"}),
    ]
    with_rules(store, CityAlarms.model_validate({"rules": wrong}))
    keys = [(one.key, one.values["key"]) for one in roster_notices(store, NOW)]
    assert keys == [("rule-region", "a"), ("rule-nobody", "b")]
    assert "c" not in roster_of(store, NOW).by_rule
    assert "c" in roster_of(store, NOW + timedelta(days=365)).by_rule


def test_alarms_as_they_were_known_at_any_time(store: Store) -> None:
    told = [(1, 72), (3, 95), (5, 82), (9, 40), (12, 75)]
    for after, value in told:
        tell(store, read("s1", value, after), at_min=after + 0.5)
    acknowledge(store, 2, "张三", NOW + minutes(13))
    seen = {
        after: [(one.id, one.level, one.value, one.acknowledged_by) for one in found]
        for after in (1.4, 1.5, 3.4, 3.5, 5.5, 9.4, 9.5, 12.5, 12.9, 13, 600)
        for found in [alarms(store, ALL, None, NOW + minutes(after))]
    }
    assert seen == {
        1.4: [],
        1.5: [(1, YELLOW, 72, None)],
        3.4: [(1, YELLOW, 72, None)],
        3.5: [(1, RED, 95, None)],
        5.5: [(1, ORANGE, 82, None)],
        9.4: [(1, ORANGE, 82, None)],
        9.5: [],
        12.5: [(2, YELLOW, 75, None)],
        12.9: [(2, YELLOW, 75, None)],
        13: [(2, YELLOW, 75, "张三")],
        600: [(2, YELLOW, 75, "张三")],
    }
    assert alarm(store, ALL, 2, NOW + minutes(12)) is None
    past = alarm(store, ALL, 1, NOW + minutes(4))
    assert past is not None
    assert (past.cleared_at, len(past.steps)) == (None, 2)


def test_one_statement_answers(store: Store) -> None:
    tell(store, *(read(one, 95) for one in ("s1", "s4", "s5")))
    alarms(store, ALL, None, NOW)
    asked: list[str] = []
    with store.read() as connection:
        engine = connection.engine

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert len(alarms(store, ALL, None, NOW + minutes(1))) == 3
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in asked if one.startswith("SELECT")]) == 1


def test_the_worst_first_and_counted(store: Store) -> None:
    tell(store, read("s1", 72), read("s4", 95), read("s5", 85))
    tell(store, read("s2", 500), read("s2", 500, 31))
    assert [one[2] for one in up(store)] == [RED, ORANGE, YELLOW, YELLOW]
    assert alarm_counts(store, ALL, None, NOW + minutes(31)).tolist() == [0, 1, 1, 2, 0]
    assert alarm_counts(store, ALL, "t1", NOW + minutes(31)).tolist() == [0, 1, 0, 0, 0]
    towns = [alarm_counts(store, ALL, f"t{n}", NOW + minutes(31)) for n in range(3)]
    assert sum(towns).tolist() == [0, 1, 1, 2, 0]  # type: ignore[union-attr]


def test_the_feed_tells_alarms_to_whom_may_see_them(store: Store) -> None:
    after = cursor(store)
    tell(store, read("s1", 95), read("s4", 95), read("s3", 0))
    keep_watch(store, NOW, NOW)

    def told(scope: Scope) -> list[str]:
        changes = changes_after(store, scope, after)
        return [
            row["sensor"] for one in changes if one.topic == "alarms" for row in one.body["rows"]
        ]

    assert sorted(set(told(ALL))) == ["s1", "s4"]
    assert set(told(Scope(region_code="t1"))) == {"s4"}
    assert told(Scope(kinds=frozenset({"smoke"}))) == []
    with store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO changes (at, topic, body) "
            "VALUES ('2025-07-01T04:00:00.000Z', 'secrets', '{\"rows\": [1]}')"
        )
    last = changes_after(store, Scope(region_code="t1"), after)[-1]
    assert (last.topic, last.body["rows"]) == ("secrets", [])
    # Who follows cases reads past them.
    assert case_log(store).seq == cursor(store)


def test_alarms_are_copied_and_old_ones_go(store: Store, stores: Stores) -> None:
    for day in (0, 31, 62, 93):
        tell(store, read("s1", 95, day * 1440))
        tell(store, read("s1", 10, day * 1440 + 1))
    tell(store, read("s4", 95, 93 * 1440))
    before = [alarm(store, ALL, number, NOW + timedelta(days=99)) for number in range(1, 6)]
    assert [one and one.cleared_at is None for one in before] == [False] * 4 + [True]
    target = stores.new()
    copy_city(address_of(store), target, NOW)
    copied = open_store(target)
    after = [alarm(copied, ALL, number, NOW + timedelta(days=99)) for number in range(1, 6)]
    assert after == before
    done = keep_up(copied, NOW + timedelta(days=100), incidents_days=62)
    assert done.alarms == 1
    left = [alarm(copied, ALL, number, NOW + timedelta(days=99)) for number in range(1, 6)]
    assert left == [None, *before[1:]]
    assert count(copied, "alarm_steps") == 7
    copied.close()


@pytest.mark.parametrize(
    ("error", "key"),
    [(InputError(Fault("store-full"), exit_code=3), "store-full"), (KeyError("x"), "chore-failed")],
)
def test_a_watch_that_fails_is_told_of_and_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, key: str
) -> None:
    looked, mended = Event(), Event()

    def look(*_given: object, **_how: object) -> int:
        looked.set()
        if mended.is_set():
            return 0
        raise error

    monkeypatch.setattr(keeping, "TICK_S", 0.01)
    monkeypatch.setattr(keeping, "keep_watch", look)
    watch = keeping.AlarmWatch(store, lambda: NOW)
    assert watch.troubles() == []
    watch.start()
    try:
        assert looked.wait(20)
        until(lambda: [fault.key for fault in watch.troubles()] == [key])
        mended.set()
        until(lambda: watch.troubles() == [])
    finally:
        watch.stop()


def until(is_so: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not is_so():
        assert monotonic() < end
        sleep(0.005)
