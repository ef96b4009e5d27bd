"""What was published stays as it was; of one thing one publication stands, whoever hurries."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from geo_data.faults import InputError
from geo_data.publications import (
    Days,
    Publication,
    canonical,
    content,
    digest,
    history,
    publish,
    reopen,
    standing,
    verify,
)
from geo_data.records import Scope
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import NOON, hours, opened
from tests.geo_data.small_city import make_small_city
from tests.stores import Address, Stores, address_of

ALL = Scope.everything()
JUNE = Days("2025-06", date(2025, 6, 1), date(2025, 6, 30))
TOLD = {"得分": 93.72, "名次": [1, 2, 2, 4], "无": None}


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    with opened(make_small_city(stores.new())) as store:
        yield store


def enter(store: Store, told: object = TOLD, region: str = "c", **changes: Any) -> Publication:
    how: dict[str, Any] = {"who": "张三", "at": NOON, "known_at": NOON - hours(1), **changes}
    return publish(store, "evaluation", "monthly", region, JUNE, told, **how)


def of(store: Store, scope: Scope = ALL) -> Publication | None:
    return standing(store, scope, "evaluation", "monthly", "c", "2025-06")


def test_what_is_published_is_kept_as_it_was(store: Store) -> None:
    assert (of(store), history(store, ALL)) == (None, [])
    made = enter(store)
    assert made.number == "evaluation-2025-0001"
    assert made.sha256 == digest('{"名次":[1,2,2,4],"得分":93.72,"无":null}')
    assert (made.known_at, made.published_at) == (NOON - hours(1), NOON)
    assert (made.published_by, made.stands, made.days) == ("张三", True, JUNE)
    assert of(store) == made
    assert content(store, ALL, made.number) == TOLD
    assert verify(store, ALL, made.number)


def test_one_stands_until_it_is_opened_again(store: Store) -> None:
    first = enter(store)
    with pytest.raises(InputError, match="published already: evaluation-2025-0001"):
        enter(store, {"得分": 1})
    marked = reopen(store, first.number, who="李四", at=NOON + hours(1), reason="漏报 3 件")
    assert (marked.stands, marked.reopened_by, marked.reason) == (False, "李四", "漏报 3 件")
    assert marked.reopened_at == NOON + hours(1)
    assert of(store) is None
    second = enter(store, {"得分": 94}, at=NOON + hours(2))
    assert (second.number, second.supersedes) == ("evaluation-2025-0002", first.number)
    assert of(store) == second
    # Nothing is erased.
    assert history(store, ALL) == [second, marked]
    assert content(store, ALL, first.number) == TOLD
    assert verify(store, ALL, first.number)
    with pytest.raises(InputError, match="opened again before"):
        reopen(store, first.number, who="李四", at=NOON + hours(3), reason="再次")


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({"who": " "}, "publication-who"),
        ({"who": "x" * 41}, "publication-who"),
        ({"reason": "  "}, "publication-reason"),
        ({"reason": "x" * 401}, "publication-reason"),
        ({"number": "evaluation-2025-0009"}, "no-publication"),
    ],
)
def test_who_opens_again_says_why(store: Store, how: dict[str, str], key: str) -> None:
    asked = {"number": enter(store).number, "who": "李四", "reason": "漏报", **how}
    with pytest.raises(InputError) as caught:
        reopen(store, asked.pop("number"), at=NOON, **asked)
    assert [fault.key for fault in caught.value.faults] == [key]
    assert of(store) is not None


def test_nobody_publishes_without_a_name(store: Store) -> None:
    with pytest.raises(InputError, match="who publishes"):
        enter(store, who="\n")
    assert history(store, ALL) == []


def test_a_viewer_sees_what_speaks_of_visible_regions(store: Store) -> None:
    whole, town = enter(store), enter(store, region="t0")
    mine, other = Scope(region_code="t0"), Scope(region_code="t1")
    assert history(store, ALL) == [town, whole]
    assert history(store, mine) == [town]
    assert history(store, other) == []
    assert content(store, mine, town.number) == TOLD
    assert content(store, mine, whole.number) is None
    assert not verify(store, other, town.number)


def test_who_changes_the_row_is_found_out(store: Store) -> None:
    made, table = enter(store), store.tables.publications
    with store.write() as connection:
        forged = canonical({**TOLD, "得分": 99})
        connection.execute(update(table).values(content=forged))
    assert not verify(store, ALL, made.number)


def force(store: Store) -> None:
    """Write a second row past the register."""
    table = store.tables.publications
    with store.write() as connection:
        row = dict(connection.execute(select(table)).mappings().one())
        connection.execute(insert(table), {**row, "id": 2, "number": "another"})


def test_the_store_itself_refuses_a_second(store: Store) -> None:
    enter(store)
    with pytest.raises(IntegrityError):
        force(store)
    with store.read() as connection:
        assert len(connection.execute(select(store.tables.publications.c.id)).all()) == 1


def hurry(address: Address, n: int) -> str:
    """Publish in a process of its own; say the number, or why not."""
    with opened(open_store(address)) as store:
        try:
            return enter(store, {"n": n}, who=f"p{n}", at=NOON + timedelta(seconds=n)).number
        except InputError as error:
            return error.faults[0].key


def test_of_four_processes_one_publishes(store: Store) -> None:
    processes = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(4, mp_context=processes) as pool:
        said = list(pool.map(hurry, [address_of(store)] * 4, range(4)))
    assert sorted(said) == ["evaluation-2025-0001", *["published-already"] * 3]
    (stands,) = history(store, ALL)
    assert content(store, ALL, stands.number) == {"n": int(stands.published_by[1:])}
    assert verify(store, ALL, stands.number)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("镇ab c"), inner),
)


@given(VALUES)
def test_the_order_of_keys_does_not_matter(value: object) -> None:
    turned = {"a": 1, "z": value}
    assert canonical(turned) == canonical(dict(reversed(turned.items())))


def test_a_number_that_is_none_is_not_published(store: Store) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        enter(store, {"得分": float("nan")})
    assert history(store, ALL) == []
