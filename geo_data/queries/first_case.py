"""Since when cases are known: before that, none is not zero."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from geo_data.records import Scope
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of


def first_reported(store: Store, scope: Scope, at: datetime) -> datetime | None:
    """Return when the first case that a viewer may see was reported, as known at a time.

    Returns
    -------
    datetime or None
        Aware UTC; ``None`` while no case is known.
    """
    tree, cases = region_tree(store, scope), store.tables.incidents
    wanted = [cases.c.recorded_at <= at]
    codes = region_codes(tree, tree.root.code)
    if codes is not None:
        wanted.append(one_of(cases.c.region_code, codes))
    with store.read() as connection:
        # By its index: the first of them is found without a look at the others.
        earliest = select(cases.c.reported_at).where(*wanted).order_by(cases.c.reported_at).limit(1)
        return connection.scalar(earliest)
