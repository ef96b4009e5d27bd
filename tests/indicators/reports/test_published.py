"""A report that was published: the same whatever is heard later, until it is opened again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from geo_data import publications
from geo_data.faults import InputError
from geo_data.ingest import apply
from geo_data.records import Scope
from geo_data.store import Store
from indicators.reports import Kind, Report, make_report
from indicators.reports.keeping import as_json, from_json
from indicators.reports.publishing import publish_report, reopen_report
from tests.geo_data.lived_city import opened
from tests.indicators.reports.counted_city import NOW, closed, make_counted_city
from tests.stores import Stores

ALL = Scope.everything()
LATER = NOW + timedelta(hours=5)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    with opened(make_counted_city(stores.new())) as store:
        yield store


def month(store: Store, scope: Scope = ALL, at=LATER) -> Report:  # type: ignore[no-untyped-def]
    return make_report(store, scope, "monthly", at, period="2026-10")


def hear_late(store: Store) -> None:
    """Learn of one more case of October."""
    apply(store, list(closed("late", "2026-10-21", region_code="t2g0")), LATER)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_report_is_kept_whole(store: Store, kind: Kind) -> None:
    report = make_report(store, ALL, kind, NOW)
    assert from_json(as_json(report)) == report
    assert from_json(publications.canonical(as_json(report)) and as_json(report)) == report


def test_late_data_changes_no_published_report(store: Store) -> None:
    before = month(store, at=NOW)
    made = publish_report(store, ALL, before, who="张三", at=NOW)
    hear_late(store)
    after = month(store)
    assert after.blocks == before.blocks
    assert made.number in after.notice
    assert "张三" in after.notice
    assert publications.verify(store, ALL, made.number)
    # Another period and another region are as they are known.
    assert make_report(store, ALL, "monthly", LATER, period="2026-10", region_code="t2") != before


def test_opened_again_it_follows_the_data(store: Store) -> None:
    before = month(store, at=NOW)
    publish_report(store, ALL, before, who="张三", at=NOW)
    with pytest.raises(InputError, match="published"):
        publish_report(store, ALL, before, who="李四", at=NOW)
    hear_late(store)
    at = LATER + timedelta(minutes=1)
    told = {"who": "李四", "at": at, "reason": "漏报一件"}
    reopen_report(store, ALL, Kind.MONTHLY, "c", before.term, **told)  # type: ignore[arg-type]
    now = month(store, at=at)
    assert now.blocks != before.blocks
    assert "7件" in now.blocks[1].text  # type: ignore[union-attr]
    # As known before it was opened again it is what was published.
    assert month(store, at=LATER).blocks == before.blocks
    again = publish_report(store, ALL, now, who="李四", at=at)
    assert again.supersedes is not None


def test_a_part_of_a_city_publishes_nothing_and_a_running_period_cannot_be(store: Store) -> None:
    town = Scope(region_code="t0")
    with pytest.raises(InputError, match="publishes"):
        publish_report(store, town, month(store, town), who="张三", at=NOW)
    running = make_report(store, ALL, "monthly", NOW, period="2026-11")
    with pytest.raises(InputError, match="2026-11"):
        publish_report(store, ALL, running, who="张三", at=NOW)


def test_who_may_not_see_everything_is_not_given_what_was_written_for_others(store: Store) -> None:
    publish_report(store, ALL, month(store, at=NOW), who="张三", at=NOW)
    masked = Scope(masked=frozenset({"address"}))
    assert month(store, masked).notice == ""
