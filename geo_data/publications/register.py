"""The register of publications: entered once, never changed, opened again only with a reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from geo_data.faults import Fault, InputError
from geo_data.instants import to_grain
from geo_data.publications.record import Days, Kind, Publication, canonical, digest
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store, note_layer

LAYER = "publications"
LONGEST_NAME = 40
LONGEST_REASON = 400


def publish(
    store: Store,
    kind: Kind,
    subject: str,
    region_code: str,
    days: Days,
    content: object,
    *,
    known_at: datetime,
    who: str,
    at: datetime,
) -> Publication:
    """Enter a publication; it stands until it is opened again.

    Parameters
    ----------
    store : Store
        Where.
    kind, subject, region_code, days
        As in :class:`~geo_data.publications.Publication`; of one such there stands at most one.
    content : object
        What JSON can say; kept as :func:`~geo_data.publications.canonical` text.
    known_at : datetime
        Cut-off of the data in it.
    who : str
        A name or a post, at most 40 characters.
    at : datetime
        Now, aware.

    Raises
    ------
    InputError
        ``publication-who``: nobody's name was given; ``published-already``: one stands.
    ValueError
        The content is not JSON.
    """
    named, told = _named(who), canonical(content)
    at, table = to_grain(at), store.tables.publications
    with store.write() as connection:
        before = _of(connection, store, kind, subject, region_code, days.key)
        if before is not None and before["reopened_at"] is None:
            values: dict[str, object] = {"number": before["number"], "period": days.key}
            raise InputError(Fault("published-already", values=values))
        number = _number(connection, store, kind, at)
        row = {
            "id": _next(connection, store),
            "number": number,
            **{"kind": kind, "subject": subject, "region_code": region_code},
            "period": days.key,
            **{"first_day": days.first.isoformat(), "last_day": days.last.isoformat()},
            **{"content": told, "sha256": digest(told)},
            **{"known_at": to_grain(known_at), "published_at": at, "published_by": named},
            "supersedes": None if before is None else before["number"],
        }
        connection.execute(insert(table), row)
        _tell(connection, store, at)
        return _read_one(connection, store, number)


def reopen(store: Store, number: str, *, who: str, at: datetime, reason: str) -> Publication:
    """Open a publication again: its number, content and hash stay, and it holds no longer.

    Parameters
    ----------
    reason : str
        Why, in one line of at most 400 characters; it may not be empty.

    Raises
    ------
    InputError
        ``publication-who``, ``publication-reason``; ``no-publication``: there is none of that
        number; ``reopened-already``.
    """
    named, reason = _named(who), " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise InputError(
            Fault("publication-reason", field="reason", values={"most": LONGEST_REASON})
        )
    at, table = to_grain(at), store.tables.publications
    with store.write() as connection:
        done = connection.execute(
            update(table)
            .where(table.c.number == number, table.c.reopened_at.is_(None))
            .values(reopened_at=at, reopened_by=named, reason=reason)
        )
        if not done.rowcount:
            known = connection.scalar(select(table.c.id).where(table.c.number == number))
            key = "no-publication" if known is None else "reopened-already"
            raise InputError(Fault(key, values={"number": number}))
        _tell(connection, store, at)
        return _read_one(connection, store, number)


def standing(
    store: Store, scope: Scope, kind: Kind, subject: str, region_code: str, period: str
) -> Publication | None:
    """Return the publication that holds; ``None`` where there is none that may be seen."""
    found = history(store, scope, kind, subject, region_code, period)
    return next((one for one in found if one.stands), None)


def history(
    store: Store,
    scope: Scope,
    kind: Kind | None = None,
    subject: str | None = None,
    region_code: str | None = None,
    period: str | None = None,
) -> list[Publication]:
    """Return publications that may be seen, newest first: those that speak of a visible region."""
    stamp = store.version(LAYER)
    if not stamp:
        return []
    listed = store.cached(LAYER, stamp, lambda: _read(store))
    tree = region_tree(store, scope)
    return [
        one
        for one in listed
        if kind in (None, one.kind)
        and subject in (None, one.subject)
        and region_code in (None, one.region_code)
        and period in (None, one.days.key)
        and (tree.is_whole_city or tree.get(one.region_code) is not None)
    ]


def content(store: Store, scope: Scope, number: str) -> Any:
    """Return what was published under a number, as it was; ``None`` where it may not be seen."""
    found = text(store, scope, number)
    return None if found is None else json.loads(found)


def verify(store: Store, scope: Scope, number: str) -> bool:
    """Whether what is kept is what was published: its hash fits still."""
    found = text(store, scope, number)
    kept = next((one for one in history(store, scope) if one.number == number), None)
    return found is not None and kept is not None and digest(found) == kept.sha256


def text(store: Store, scope: Scope, number: str) -> str | None:
    """Return the very text that was hashed; ``None`` where it may not be seen."""
    if all(one.number != number for one in history(store, scope)):
        return None
    table = store.tables.publications
    with store.read() as connection:
        return connection.scalar(select(table.c.content).where(table.c.number == number))


def _named(who: str) -> str:
    name = " ".join(who.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(Fault("publication-who", field="who", values={"most": LONGEST_NAME}))
    return name


def _next(connection: Connection, store: Store) -> int:
    return 1 + (connection.scalar(select(func.max(store.tables.publications.c.id))) or 0)


def _number(connection: Connection, store: Store, kind: Kind, at: datetime) -> str:
    """Return the next number of a kind in the city's year: no row is ever taken away."""
    head = f"{kind}-{at.astimezone(store.city.zone):%Y}-"
    table = store.tables.publications
    listed = select(func.count()).select_from(table).where(table.c.number.startswith(head))
    return f"{head}{1 + (connection.scalar(listed) or 0):04}"


def _of(
    connection: Connection, store: Store, kind: Kind, subject: str, region_code: str, period: str
) -> RowMapping | None:
    """Return the newest publication of one thing."""
    table = store.tables.publications
    found = connection.execute(
        select(table.c.number, table.c.reopened_at)
        .where(
            table.c.kind == kind,
            table.c.subject == subject,
            table.c.region_code == region_code,
            table.c.period == period,
        )
        .order_by(table.c.id.desc())
        .limit(1)
    )
    return found.mappings().first()


def _tell(connection: Connection, store: Store, at: datetime) -> None:
    """Have every process look again."""
    n = connection.scalar(select(func.count()).select_from(store.tables.publications))
    version = note_layer(connection, store.tables, LAYER, at=at, data_at=at, rows=n)
    told = json.dumps({"layer": LAYER, "version": version})
    connection.execute(insert(store.tables.changes), {"at": at, "topic": "layers", "body": told})


def _read(store: Store) -> Sequence[Publication]:
    with store.read() as connection:
        rows = connection.execute(_listed(store)).mappings().all()
    return [_record(row) for row in rows]


def _read_one(connection: Connection, store: Store, number: str) -> Publication:
    listed = _listed(store).where(store.tables.publications.c.number == number)
    return _record(connection.execute(listed).mappings().one())


def _listed(store: Store) -> Any:
    table = store.tables.publications
    columns = [column for column in table.c if column.name != "content"]
    return select(*columns).order_by(table.c.id.desc())


def _record(row: RowMapping) -> Publication:
    first, last = (date.fromisoformat(row[name]) for name in ("first_day", "last_day"))
    kept = {name: row[name] for name in Publication.__dataclass_fields__ if name != "days"}
    return Publication(days=Days(row["period"], first, last), **kept)
