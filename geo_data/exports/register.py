"""The register of exports 导出台账: entered when asked for, never taken out again.

It is the audit record and the queue at once. A state only goes forward, and who moves it says
from which: of two processes that move the same one, one is told that it did not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from geo_data.exports.record import OVER, ExportRecord, State
from geo_data.exports.request import ExportRequest
from geo_data.exports.rows import faults_text, record_of, scope_text
from geo_data.faults import Fault, InputError
from geo_data.queries import region_tree
from geo_data.records import Scope
from geo_data.store import Store
from geo_data.store.code_lists import one_of

MOST_WAITING = 200
"""Exports that may wait; who asks for more has a mistake in a loop."""
PAGE = 200
COMMAND_LINE_LONGEST = timedelta(hours=6)
"""What the command line makes for longer, it does not make any more: it was killed."""
MOST_ATTEMPTS = 2
"""An export that was cut off twice is what cuts off."""


def enter(
    store: Store,
    scope: Scope,
    request: ExportRequest,
    at: datetime,
    *,
    asked: ExportRequest | None = None,
    asked_from: str = "",
    base: str = "",
    key: str | None = None,
    is_begun: bool = False,
) -> ExportRecord:
    """Enter an export and give it its number.

    Parameters
    ----------
    store, scope
        Where, and what the one who asks may see.
    request : ExportRequest
        As checked: with its region and moment.
    at : datetime
        Now, aware.
    asked : ExportRequest, optional
        As it came, before its moment was filled in: told again under the same ``key``, it must
        be the same.
    asked_from : str
        The address it came from.
    base : str
        Address of the server as people know it: ``https://host``.
    key : str, optional
        Idempotency key: a request that was entered under it is not entered twice.
    is_begun : bool
        Whether whoever enters it makes it too: it does not wait then.

    Raises
    ------
    InputError
        The key was used for another request, or too many exports wait.
    """
    digest = _digest(asked or request)
    tables = store.tables
    with store.write() as connection:
        known = _by_key(connection, store, key)
        if known is not None:
            if known["asked_digest"] != digest:
                values: dict[str, object] = {"number": known["number"]}
                raise InputError(Fault("export-key-used", field="Idempotency-Key", values=values))
            return record_of(known)
        if not is_begun:
            _check_queue(connection, store)
        row = _row(store, connection, scope, request, at)
        more = {"asked_from": asked_from, "idempotency_key": key, "asked_digest": digest}
        row |= {**more, "link": link_of(base, row["number"])}
        if is_begun:
            row |= {"state": State.RUNNING, "started_at": at, "attempts": 1}
        connection.execute(tables.exports.insert(), row)
        entered = select(tables.exports).where(tables.exports.c.number == row["number"])
        return record_of(connection.execute(entered).mappings().one())


def link_of(base: str, number: str) -> str:
    """Return the address at which people find a record; the number where no address is known."""
    return f"{base.rstrip('/')}/exports/{number}" if base else number


def _by_key(connection: Connection, store: Store, key: str | None) -> RowMapping | None:
    if key is None:
        return None
    table = store.tables.exports
    found = connection.execute(select(table).where(table.c.idempotency_key == key)).mappings()
    return found.one_or_none()


def _check_queue(connection: Connection, store: Store) -> None:
    table = store.tables.exports
    n = connection.scalar(select(func.count()).where(table.c.state == State.QUEUED)) or 0
    if n >= MOST_WAITING:
        raise InputError(Fault("export-queue-full", values={"n": n}))


def _row(
    store: Store, connection: Connection, scope: Scope, request: ExportRequest, at: datetime
) -> dict[str, Any]:
    local = at.astimezone(store.city.zone)
    table = store.tables.exports
    day = local.toordinal()
    n = 1 + (connection.scalar(select(func.max(table.c.n)).where(table.c.day == day)) or 0)
    # In addresses, names of files and square codes: letters, digits and dashes only.
    city = re.sub(r"[^A-Za-z0-9]+", "-", store.city.code).strip("-") or "city"
    return {
        "number": f"{city}-{local:%Y%m%d}-{n:04}",
        "day": day,
        "n": n,
        "state": State.QUEUED,
        "format": request.format,
        "region_code": request.region,
        "request": request.model_dump_json(),
        "scope": scope_text(scope),
        "known_at": request.at,
        "created_at": at,
        "asked_by": request.user,
        "attempts": 0,
    }


def _digest(asked: ExportRequest) -> str:
    return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()


def covers(viewer: Scope, made_for: Scope) -> bool:
    """Whether a viewer may see all that was made for a scope, its region aside."""
    kinds = viewer.kinds is None or (made_for.kinds is not None and made_for.kinds <= viewer.kinds)
    return kinds and viewer.masked <= made_for.masked


def export_record(store: Store, scope: Scope, number: str) -> ExportRecord | None:
    """Return a record; ``None`` if there is none that this viewer may see."""
    table = store.tables.exports
    with store.read() as connection:
        row = connection.execute(select(table).where(table.c.number == number)).mappings().first()
    found = None if row is None else record_of(row)
    return found if found is not None and _sees(store, scope, found) else None


def export_records(
    store: Store, scope: Scope, limit: int = 50, offset: int = 0
) -> list[ExportRecord]:
    """Return the newest records that a viewer may see, newest first."""
    table, tree = store.tables.exports, region_tree(store, scope)
    newest = select(table).order_by(table.c.created_at.desc(), table.c.number.desc())
    if not tree.is_whole_city:
        newest = newest.where(
            one_of(table.c.region_code, [region.code for region in tree.regions()])
        )
    found: list[ExportRecord] = []
    with store.read() as connection:
        for start in count(0, PAGE):
            rows = connection.execute(newest.limit(PAGE).offset(start)).mappings().all()
            records = map(record_of, rows)
            found += [record for record in records if _sees(store, scope, record)]
            if len(rows) < PAGE or len(found) >= offset + limit:
                return found[offset : offset + limit]
    raise AssertionError("count() ends")


def _sees(store: Store, scope: Scope, record: ExportRecord) -> bool:
    tree = region_tree(store, scope)
    known = tree.is_whole_city or tree.get(record.region_code) is not None
    return known and covers(scope, record.scope)


def in_state(store: Store, *states: State) -> list[ExportRecord]:
    """Return the exports in some states, oldest first: for the process that makes them."""
    table = store.tables.exports
    wanted = select(table).where(table.c.state.in_(states)).order_by(table.c.created_at, table.c.n)
    with store.read() as connection:
        return [record_of(row) for row in connection.execute(wanted).mappings()]


def states_of(store: Store, numbers: Collection[str]) -> dict[str, State]:
    """Return the state of each of some exports."""
    table = store.tables.exports
    wanted = select(table.c.number, table.c.state).where(one_of(table.c.number, numbers))
    with store.read() as connection:
        return {number: State(state) for number, state in connection.execute(wanted)}


def begin(store: Store, number: str, at: datetime) -> bool:
    """Note that a waiting export is being made; false if it waits no longer."""
    attempts = store.tables.exports.c.attempts + 1
    values = {"state": State.RUNNING, "started_at": at, "attempts": attempts, "share": 0.0}
    return _move(store, number, {State.QUEUED}, values)


def tell(store: Store, number: str, step: str, share: float) -> bool:
    """Note how far an export is; false if it is no longer being made."""
    return _move(store, number, {State.RUNNING}, {"step": step, "share": share})


def finish(store: Store, number: str, at: datetime, file: str, size: int, sha256: str) -> bool:
    """Note the file of an export; false if it is no longer wanted."""
    values = {"state": State.DONE, "finished_at": at, "file": file, "bytes": size}
    return _move(store, number, {State.RUNNING}, {**values, "sha256": sha256, "share": 1.0})


def fail(store: Store, number: str, at: datetime, faults: Sequence[Fault]) -> bool:
    """Note why an export failed; false if it is over already."""
    values = {"state": State.FAILED, "finished_at": at, "faults": faults_text(faults)}
    return _move(store, number, set(State) - OVER, values)


def cancel(store: Store, number: str, at: datetime) -> bool:
    """Note that an export is not wanted any more; false if it is over already."""
    return _move(store, number, set(State) - OVER, {"state": State.CANCELLED, "finished_at": at})


def removed(store: Store, number: str, at: datetime) -> bool:
    """Note that the file of an export is kept no longer; the record stays."""
    return _move(store, number, {State.DONE}, {"removed_at": at})


def take_over(store: Store, at: datetime) -> list[str]:
    """Put what was being made by a process that is gone back into the queue.

    Returns
    -------
    list of str
        Numbers; an export that was cut off :data:`MOST_ATTEMPTS` times has failed instead. What
        the command line makes is left to it, but for what it must have left.
    """
    waiting = []
    for record in in_state(store, State.RUNNING):
        if record.is_of_command_line and at - (record.started_at or at) < COMMAND_LINE_LONGEST:
            continue
        if record.is_of_command_line or record.attempts >= MOST_ATTEMPTS:
            fault = Fault("export-interrupted", values={"n": record.attempts})
            fail(store, record.number, at, [fault])
        elif _move(store, record.number, {State.RUNNING}, {"state": State.QUEUED, "share": None}):
            waiting.append(record.number)
    return waiting


def put_back(store: Store, number: str) -> bool:
    """Put what this process was making back into the queue, as if it had not begun."""
    attempts = store.tables.exports.c.attempts - 1
    return _move(
        store, number, {State.RUNNING}, {"state": State.QUEUED, "share": None, "attempts": attempts}
    )


def _move(
    store: Store, number: str, states: Collection[State], values: Mapping[str, object]
) -> bool:
    table = store.tables.exports
    moved = update(table).where(table.c.number == number, table.c.state.in_(list(states)))
    with store.write() as connection:
        return connection.execute(moved.values(**values)).rowcount == 1
