"""Through which channels the cases of a period came, and how that has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from geo_data import queries
from geo_data.dictionaries import channel_groups, channels
from geo_data.records import Scope
from geo_data.store import Store
from indicators.comparison import change
from indicators.engine import period_of
from indicators.history import History
from indicators.spec import CasesOf


@dataclass(frozen=True, slots=True)
class ChannelShare:
    """One channel over a period.

    Parameters
    ----------
    channel, group : str
        Keys of the dictionary of channels.
    n : int
        Cases reported through it.
    share : float
        Of all cases of the period, 0 to 1; 0 where there are none.
    previous : int or None
        Cases of the period before, as far along; ``None`` where the store does not reach so far.
    """

    channel: str
    group: str
    n: int
    share: float
    previous: int | None

    @property
    def change(self) -> float | None:
        """Relative change against the period before; ``None`` where that is zero or missing."""
        return change(float(self.n), None if self.previous is None else float(self.previous))


def channel_shares(
    store: Store, scope: Scope, region_code: str, period_key: str, at: datetime
) -> list[ChannelShare]:
    """Return every channel, by the groups of the founding document in its order.

    Returns
    -------
    list of ChannelShare
        The shares add up to 1, the counts to the cases reported. Empty for a region that may
        not be seen, for hours of long ago, and in a city that nobody told of any case.

    Raises
    ------
    KeyError
        There is no such period.
    """
    is_seen = queries.region_tree(store, scope).get(region_code) is not None
    if not is_seen or "incidents" not in store.layers():
        return []
    span = period_of(store, period_key, at)
    history = History(store, scope, region_code, span, at, (span.window, span.before))
    counts = np.array([history.need(CasesOf("channel", (key,))) for key in channels()])
    if np.isnan(counts[:, 0]).any():
        return []
    total, is_compared = float(counts[:, 0].sum()), history.is_compared()
    found = [
        ChannelShare(
            channel=key,
            group=channel.group.key,
            n=int(n),
            share=n / total if total else 0.0,
            previous=int(before) if is_compared and before == before else None,
        )
        for (key, channel), (n, before) in zip(channels().items(), counts.tolist(), strict=True)
    ]
    order = list(channel_groups())
    return sorted(found, key=lambda one: order.index(one.group))
