"""A report that was published stays as it was said: late data does not change a 通报.

It is kept whole, with a hash, in the register of publications; made again it is the same, until
somebody opens it again and says why.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from geo_data import publications
from geo_data.faults import Fault, InputError
from geo_data.publications import Days, Publication
from geo_data.records import Scope
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.words import DEFAULT_LANGUAGE
from indicators.reports.content import Report
from indicators.reports.keeping import as_json, from_json
from indicators.reports.terms import Kind, Term
from indicators.reports.wording import WORDS
from indicators.reports.writing import write_moment


def publish_report(
    store: Store, scope: Scope, report: Report, *, who: str, at: datetime
) -> Publication:
    """Publish a report of a period that has ended.

    Raises
    ------
    InputError
        ``publish-scope``: who sees a part only publishes nothing; ``period-not-ended``;
        ``published-already``; ``publication-who``.
    """
    if not _sees_all(store, scope):
        raise InputError(Fault("publish-scope", values={"city": store.city.code}))
    term = report.term
    if term.is_running:
        values: dict[str, object] = {"period": term.key, "last": term.last}
        raise InputError(Fault("period-not-ended", field="period", values=values))
    return publications.publish(
        store,
        "report",
        term.kind.value,
        report.region,
        Days(term.key, term.first, term.last),
        as_json(report),
        known_at=report.known_at,
        who=who,
        at=at,
    )


def reopen_report(
    store: Store,
    scope: Scope,
    kind: Kind,
    region_code: str,
    term: Term,
    *,
    who: str,
    at: datetime,
    reason: str,
) -> Publication:
    """Open a published report again; the next time it is made it follows the data.

    Raises
    ------
    InputError
        ``publish-scope``, ``not-frozen``; the rest as :func:`geo_data.publications.reopen`.
    """
    if not _sees_all(store, scope):
        raise InputError(Fault("publish-scope", values={"city": store.city.code}))
    stands = publications.standing(store, scope, "report", kind.value, region_code, term.key)
    if stands is None:
        raise InputError(Fault("not-frozen", values={"period": term.key}))
    return publications.reopen(store, stands.number, who=who, at=at, reason=reason)


def published_report(
    store: Store, scope: Scope, region_code: str, term: Term, at: datetime
) -> Report | None:
    """Return a report as it stood published at a moment; ``None`` where none did.

    Who may not see everything is not given what was written for who may.
    """
    if scope.kinds is not None or scope.masked:
        return None
    found = publications.history(store, scope, "report", term.kind.value, region_code, term.key)
    for one in found:
        if one.published_at <= at and (one.reopened_at is None or at < one.reopened_at):
            told = publications.content(store, scope, one.number)
            return None if told is None else _marked(store, from_json(told), one)
    return None


def _marked(store: Store, report: Report, one: Publication) -> Report:
    """Return a published report that says that it is."""
    said = WORDS(
        "published",
        DEFAULT_LANGUAGE,
        number=one.number,
        at=write_moment(one.published_at, store.city.zone),
        who=one.published_by,
    )
    return replace(report, notice=" ".join(filter(None, (report.notice, said))))


def _sees_all(store: Store, scope: Scope) -> bool:
    is_whole = region_tree(store, scope).is_whole_city
    return is_whole and scope.kinds is None and not scope.masked
