"""Which units handled the cases, and which cases went through the hands of several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from geo_data.records import Scope, Stage, Window
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

_HANDLING = (Stage.SIGNED, Stage.HANDLED)


@dataclass(frozen=True, slots=True)
class HandledBy:
    """What sources told of who handled the cases of a window.

    Parameters
    ----------
    told : int
        Cases of which somebody said who handled them.
    shared : int
        Those of them that two units or more handled.
    returned : int
        Cases that a unit sent back (退单).
    """

    told: int
    shared: int
    returned: int


def handled_by(
    store: Store, scope: Scope, region_code: str, window: Window, at: datetime
) -> HandledBy | None:
    """Return who handled the cases reported in a window, as known at a time.

    Returns
    -------
    HandledBy or None
        ``None`` where no source tells of units, the viewer may not see who acts, or the region
        may not be seen: then nobody knows.
    """
    tree = region_tree(store, scope)
    if tree.get(region_code) is None or "actor" in scope.masked:
        return None
    cases, steps = store.tables.incidents, store.tables.incident_stages
    wanted = [
        cases.c.reported_at >= window.start,
        cases.c.reported_at < window.end,
        steps.c.recorded_at <= at,
    ]
    codes = region_codes(tree, region_code)
    if codes is not None:
        wanted.append(one_of(cases.c.region_code, codes))
    joined = steps.join(cases, cases.c.id == steps.c.incident_id)
    units = func.count(steps.c.actor.distinct()).label("units")
    handling = [*wanted, steps.c.stage.in_([str(one) for one in _HANDLING])]
    per_case = (
        select(cases.c.id, units)
        .select_from(joined)
        .where(*handling, steps.c.actor.is_not(None))
        .group_by(cases.c.id)
        .subquery()
    )
    returned = select(func.count(steps.c.incident_id.distinct())).select_from(joined)
    with store.read() as connection:
        told, shared = connection.execute(
            select(func.count(), func.count().filter(per_case.c.units > 1)).select_from(per_case)
        ).one()
        back = connection.scalar(returned.where(*wanted, steps.c.stage == str(Stage.RETURNED)))
    return HandledBy(told, shared, back or 0) if told else None
