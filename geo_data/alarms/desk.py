"""What people do with an alarm: acknowledge it."""

from __future__ import annotations

from datetime import datetime

from geo_data.alarms.book import Step, alarm_up, write_alarms
from geo_data.faults import Fault, InputError
from geo_data.instants import to_grain
from geo_data.records import AlarmChange
from geo_data.store import Store

LONGEST_NAME = 40


def acknowledge(store: Store, alarm_id: int, who: str, at: datetime) -> bool:
    """Note that somebody has seen an alarm.

    The first who does is kept; whoever says so after that says nothing new. When the alarm becomes
    worse it calls again.

    Parameters
    ----------
    store : Store
    alarm_id : int
        An alarm that the asker may see: the caller has looked.
    who : str
        Who says so.
    at : datetime
        Now, aware.

    Returns
    -------
    bool
        Whether that was new.

    Raises
    ------
    InputError
        ``alarm-over``: the alarm is not up, so there is nothing to acknowledge; ``alarm-who``:
        nobody's name was given, or too long a one.
    """
    name = " ".join(who.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(Fault("alarm-who", field="who", values={"most": LONGEST_NAME}))
    with store.write() as connection:
        up = alarm_up(connection, store.tables, alarm_id)
        if up is None:
            raise InputError(Fault("alarm-over", values={"id": alarm_id}))
        if up.acknowledged_at is not None:
            return False
        step = Step(AlarmChange.ACKNOWLEDGED, up, up.subject, up.place, who=name)
        write_alarms(connection, store, [step], to_grain(at))
    return True
