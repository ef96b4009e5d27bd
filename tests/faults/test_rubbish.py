"""Rubbish of every kind, and at full rate: refused with a reason, kept to a bound, harms nobody."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from geo_data.faults import InputError
from geo_data.ingest import letters as dead
from geo_data.ingest.mapping import our_message
from geo_data.ingest.parse import parse_incident, parse_reading, parse_stage
from geo_data.ingest.receiving import receive
from geo_data.ingest.reports import Reading, Report
from geo_data.intakes import Intake
from geo_data.store import Store
from tests.faults.rubbish import INTAKES, rubbish
from tests.geo_data.small_city import CITY, make_small_city
from tests.stores import Stores

PARSERS = {"incidents": parse_incident, "stages": parse_stage, "observations": parse_reading}


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    store = make_small_city(stores.new())
    yield store
    store.close()


def letters(store: Store) -> Counter[str]:
    table = store.tables.dead_letters
    counted = select(table.c.source, func.count()).group_by(table.c.source)
    with store.read() as connection:
        return Counter({row[0]: row[1] for row in connection.execute(counted)})


def is_sound(report: Report) -> bool:
    if isinstance(report, Reading):
        return math.isfinite(report.value) and report.observed_at.tzinfo is not None
    return bool(report.source_id) and report.happened_at.tzinfo is not None


def test_a_hundred_thousand_messages_are_read_or_refused(now: datetime) -> None:
    """Nothing but InputError comes out, and nothing unsound comes through."""
    read, faults = 0, 0
    for intake, message in rubbish(seed=20261125, n=100_000):
        if not isinstance(message, dict):
            continue
        try:
            ours = our_message(intake, message, CITY.zone)
            assert is_sound(PARSERS[intake.tells](ours, now, 1)), message
            read += 1
        except InputError as error:
            # A wording that lacks one of its values raises here.
            faults += len([fault.sentence() for fault in error.faults])
    assert read > 10_000
    assert faults > 10_000


def test_what_is_refused_is_kept_with_its_reason(store: Store, now: datetime) -> None:
    for intake in INTAKES:
        told = [message for one, message in rubbish(7, 4_000) if one is intake]
        before = sum(letters(store).values())
        found = receive(store, intake, told, now)
        refused = [one for one in found if one.status == "refused"]
        assert sum(letters(store).values()) - before == len(refused) > 50
        assert all(one.faults[0].reason("en") and one.faults[0].remedy("en") for one in refused)
    table = store.tables.dead_letters
    with store.read() as connection:
        kept = connection.execute(select(table.c.raw, table.c.reason)).all()
    assert all(reason for _, reason in kept)
    for raw, _ in kept:
        assert len(raw) == dead.LONGEST or json.loads(raw) is not Ellipsis


def test_rubbish_at_full_rate_harms_nobody(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its letters stay within their bound; those of others stay, and others are served."""
    monkeypatch.setattr(dead, "KEPT", 300)
    monkeypatch.setattr(dead, "CUT_EVERY", 100)
    broken = Intake(key="broken", tells="observations", key_sha256="0" * 64)
    quiet = Intake(key="quiet", tells="observations", key_sha256="0" * 64)
    receive(store, quiet, ["?", {"sensor_code": "nobody", "value": 1, "observed_at": now}], now)
    for turn in range(20):
        at = now + timedelta(seconds=turn)
        unknown = {"sensor_code": "no such", "value": 1, "observed_at": at}
        receive(store, broken, [{"value": "x" * 100}, unknown] * 50, at)
        good = [{"sensor_code": "s1", "value": 50.0 + turn, "observed_at": at}]
        assert receive(store, quiet, good, at)[0].status == "accepted"
        assert letters(store)["broken"] <= 300 + 100 + 100
    assert letters(store)["broken"] >= 300
    assert letters(store)["quiet"] == 2


def test_a_huge_message_is_kept_in_part(store: Store, now: datetime) -> None:
    told = [{"sensor_code": "s1", "value": "9" * 3_000_000, "observed_at": "?" * 1_000_000}]
    assert receive(store, INTAKES[3], told, now)[0].status == "refused"
    table = store.tables.dead_letters
    with store.read() as connection:
        raw, reason = connection.execute(select(table.c.raw, table.c.reason)).one()
    assert len(raw) + len(reason) < 40_000
