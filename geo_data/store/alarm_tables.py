"""The tables of alarms."""

from __future__ import annotations

from sqlalchemy import Index, MetaData, Table

from geo_data.store.columns import number, partial, time, whole, words


def alarms(metadata: MetaData) -> Table:
    """Return the table of alarms: each as it is now."""
    # A whole line has no sensor: its code is empty, so that one alarm of it can be up at a time.
    table = Table(
        "alarms",
        metadata,
        whole("id", primary_key=True, autoincrement=False),
        words("rule"),
        words("sensor_code"),
        words("kind"),
        words("unit"),
        words("region_code", nullable=True),
        number("lon", nullable=True),
        number("lat", nullable=True),
        whole("level"),
        time("since_at"),
        time("raised_at"),
        time("called_at"),
        whole("escalated"),
        time("acknowledged_at", nullable=True),
        time("cleared_at", nullable=True),
        whole("steps"),
        Index("alarms_cleared", "cleared_at"),
    )
    up = Index("alarms_up", table.c.rule, table.c.sensor_code, unique=True)
    partial(up, table.c.cleared_at.is_(None))
    return table


def alarm_steps(metadata: MetaData) -> Table:
    """Return the table of what became of them."""
    # Append-only: what was known of an alarm at any time.
    return Table(
        "alarm_steps",
        metadata,
        whole("alarm_id", primary_key=True, autoincrement=False),
        whole("number", primary_key=True, autoincrement=False),
        words("step"),
        time("at"),
        whole("level"),
        number("value", nullable=True),
        time("since_at"),
        words("who", nullable=True),
        words("note", nullable=True),
        sqlite_with_rowid=False,
    )
