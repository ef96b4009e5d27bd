"""The tables of the store: one definition for the embedded store and for a server.

Only the geometry type differs between stores, so :func:`build_tables` takes it as an
argument; :mod:`geo_data.store.geopackage` gives the one of a GeoPackage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from geo_data.case_stages import BESIDE, ENDED
from geo_data.store.alarm_tables import alarm_steps, alarms
from geo_data.store.amendment_table import amendments
from geo_data.store.column_types import Count, UtcDateTime, Words
from geo_data.store.columns import number, partial, time, whole, words
from geo_data.store.export_table import exports
from geo_data.store.intake_tables import dead_letters, intake_slots, intake_states
from geo_data.store.publication_table import publications

GeometryFactory = Callable[[str], TypeEngine[Any]]
"""``POINT``, ``MULTIPOLYGON`` or ``GEOMETRY`` -> the column type of a store."""

ENDED_KEYS = sorted(str(stage) for stage in ENDED)
"""As stored; written into the statements, so that SQLite sees that a partial index serves."""
NOTED_KEYS = sorted(str(stage) for stage in BESIDE)
"""What is noted of a case beside its stages, as stored."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table of the store."""

    metadata: MetaData
    regions: Table
    places: Table
    sensors: Table
    readings: Table
    observations: Table
    incidents: Table
    incident_stages: Table
    pending_stages: Table
    alarms: Table
    alarm_steps: Table
    rollup_region_day: Table
    rollup_dimension_day: Table
    rollup_metric_hour: Table
    changes: Table
    layer_versions: Table
    dead_letters: Table
    intake_states: Table
    intake_slots: Table
    exports: Table
    amendments: Table
    publications: Table
    meta: Table


def build_tables(
    geometry: GeometryFactory, partitioned: Mapping[str, str] = MappingProxyType({})
) -> Tables:
    """Build the table definitions of one store.

    Parameters
    ----------
    geometry : callable
        Takes ``POINT``, ``MULTIPOLYGON`` or ``GEOMETRY``, returns the column type. Text columns
        are TEXT and numbers DOUBLE or INTEGER because GDAL misreads other names.
    partitioned : Mapping, optional
        Table -> time column by whose ranges it is cut, on a server. Every unique key of such a
        table must hold that column: a case is then unique by look-up under the writer's lock.
    """
    metadata = MetaData()
    return Tables(
        metadata=metadata,
        regions=_regions(metadata, geometry),
        places=_places(metadata, geometry),
        sensors=_sensors(metadata, geometry),
        readings=_readings(metadata),
        observations=_observations(metadata, partitioned.get("observations")),
        incidents=_incidents(metadata, geometry, partitioned.get("incidents")),
        incident_stages=_incident_stages(metadata),
        pending_stages=_pending_stages(metadata),
        alarms=alarms(metadata),
        alarm_steps=alarm_steps(metadata),
        rollup_region_day=_rollup_region_day(metadata),
        rollup_dimension_day=_rollup_dimension_day(metadata),
        rollup_metric_hour=_rollup_metric_hour(metadata),
        changes=_changes(metadata),
        layer_versions=_layer_versions(metadata),
        dead_letters=dead_letters(metadata),
        intake_states=intake_states(metadata),
        intake_slots=intake_slots(metadata),
        exports=exports(metadata),
        amendments=amendments(metadata),
        publications=publications(metadata),
        meta=Table(
            "meta", metadata, Column("key", Words, primary_key=True), Column("value", Words)
        ),
    )


def _regions(metadata: MetaData, geometry: GeometryFactory) -> Table:
    return Table(
        "regions",
        metadata,
        Column("fid", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("MULTIPOLYGON")),
        words("code", unique=True),
        words("parent_code", nullable=True),
        words("level"),
        words("kind"),
        words("name"),
        words("pinyin"),
        *(number(name) for name in ("lon", "lat", "west", "south", "east", "north", "area_km2")),
        whole("population", nullable=True),
        Index("regions_level", "level"),
    )


def _places(metadata: MetaData, geometry: GeometryFactory) -> Table:
    table = Table(
        "places",
        metadata,
        Column("fid", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("GEOMETRY")),
        words("code", unique=True),
        words("kind"),
        words("name"),
        words("pinyin"),
        words("region_code"),
        words("site_code", nullable=True),
        number("lon"),
        number("lat"),
        words("address", nullable=True),
        whole("floors", nullable=True),
        words("use", nullable=True),
        words("attributes"),
        # Covering for the counts per kind of a region.
        Index("places_region_kind", "region_code", "kind"),
        Index("places_kind", "kind"),
    )
    partial(Index("places_site", table.c.site_code), table.c.site_code.is_not(None))
    return table


def _sensors(metadata: MetaData, geometry: GeometryFactory) -> Table:
    return Table(
        "sensors",
        metadata,
        Column("fid", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("POINT")),
        words("code", unique=True),
        words("kind"),
        words("name"),
        words("pinyin"),
        words("metric"),
        words("unit"),
        words("region_code"),
        words("place_code", nullable=True),
        number("lon"),
        number("lat"),
        whole("period_s"),
        Index("sensors_region", "region_code"),
        Index("sensors_place", "place_code"),
    )


def _readings(metadata: MetaData) -> Table:
    return Table(
        "readings",
        metadata,
        words("sensor_code", primary_key=True),
        number("value"),
        time("observed_at"),
        time("received_at"),
        whole("state"),
        sqlite_with_rowid=False,
    )


def _by_range(column: str | None) -> dict[str, Any]:
    return {"postgresql_partition_by": f"RANGE ({column})"} if column else {}


def _observations(metadata: MetaData, cut_by: str | None) -> Table:
    return Table(
        "observations",
        metadata,
        words("sensor_code", primary_key=True),
        Column("observed_at", UtcDateTime, primary_key=True),
        number("value"),
        time("received_at"),
        # One sensor's day lies together on disk: that is how it is read.
        sqlite_with_rowid=False,
        **_by_range(cut_by),
    )


def _incidents(metadata: MetaData, geometry: GeometryFactory, cut_by: str | None) -> Table:
    table = Table(
        "incidents",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("POINT")),
        words("source"),
        words("source_id"),
        words("code"),
        words("title"),
        words("channel"),
        words("category"),
        whole("severity"),
        words("stage"),
        time("stage_at"),
        time("happened_at"),
        Column("reported_at", UtcDateTime, nullable=False, primary_key=cut_by == "reported_at"),
        time("recorded_at"),
        number("lon", nullable=True),
        number("lat", nullable=True),
        words("region_code", nullable=True),
        words("place_code", nullable=True),
        words("address", nullable=True),
        words("located_by"),
        time("due_at", nullable=True),
        time("ended_at", nullable=True),
        time("due_soon_at", nullable=True),
        Index("incidents_source", "source", "source_id")
        if cut_by
        else UniqueConstraint("source", "source_id"),
        # The whole city newest first, a region newest first, and the code people quote.
        Index("incidents_reported", "reported_at"),
        Index("incidents_region_reported", "region_code", "reported_at"),
        Index("incidents_code", "code"),
        **_by_range(cut_by),
    )
    partial(Index("incidents_place", table.c.place_code), table.c.place_code.is_not(None))
    # Open cases are one in a hundred: a region's, with what is due so that counts never touch
    # the table, and the whole city's newest first.
    is_open = table.c.ended_at.is_(None)
    counted = (table.c.region_code, table.c.reported_at, table.c.due_at, table.c.due_soon_at)
    partial(Index("incidents_open", *counted), is_open)
    partial(Index("incidents_open_newest", table.c.reported_at), is_open)
    return table


def _stage_columns() -> tuple[Column[Any], ...]:
    return (
        words("stage", primary_key=True),
        Column("happened_at", UtcDateTime, primary_key=True),
        time("recorded_at"),
        words("actor", nullable=True),
        words("note", nullable=True),
    )


def _incident_stages(metadata: MetaData) -> Table:
    # Append-only. A case's history lies together on disk under its own key: half the bytes of
    # a row number plus a unique index, and there are seven rows to a case.
    table = Table(
        "incident_stages",
        metadata,
        whole("incident_id", primary_key=True, autoincrement=False),
        *_stage_columns(),
        sqlite_with_rowid=False,
    )
    # Which cases were closed since a moment: all that can have been open then and is not now.
    ended = table.c.stage.in_([literal_column(f"'{key}'") for key in ENDED_KEYS])
    partial(Index("incident_stages_ended", table.c.recorded_at), ended)
    # Of which cases anything was noted lately: those may have ended long before.
    noted = table.c.stage.in_([literal_column(f"'{key}'") for key in NOTED_KEYS])
    partial(Index("incident_stages_noted", table.c.recorded_at), noted)
    return table


def _pending_stages(metadata: MetaData) -> Table:
    # Steps that came before their case; moved to incident_stages when it comes.
    return Table(
        "pending_stages",
        metadata,
        words("source", primary_key=True),
        words("source_id", primary_key=True),
        *_stage_columns(),
        sqlite_with_rowid=False,
    )


def _rollup_region_day(metadata: MetaData) -> Table:
    measures = (
        *("reported", "filed", "closed", "closed_on_time", "due"),
        *("reworked", "extended", "proactive", "hotline"),
        *("filed_of_reported", "hotline_due", "hotline_on_time"),
        *("sign_due", "signed_in_time", "contact_due", "contacted_in_time"),
        *("resolved", "explained"),
        *("satisfied", "fairly_satisfied", "neutral", "unsatisfied"),
    )
    table = Table(
        "rollup_region_day",
        metadata,
        whole("day", primary_key=True, autoincrement=False),
        words("region_code", primary_key=True),
        *(whole(name, server_default="0") for name in measures[:9]),
        whole("changed_seq"),
        # Behind the others, where a store that was upgraded has them.
        *(whole(name, server_default="0") for name in measures[9:]),
        sqlite_with_rowid=False,
    )
    _changed_lately(table)
    return table


def _rollup_dimension_day(metadata: MetaData) -> Table:
    table = Table(
        "rollup_dimension_day",
        metadata,
        whole("day", primary_key=True, autoincrement=False),
        words("region_code", primary_key=True),
        words("dimension", primary_key=True),
        words("key", primary_key=True),
        whole("n"),
        whole("changed_seq"),
        sqlite_with_rowid=False,
    )
    _changed_lately(table)
    return table


def _rollup_metric_hour(metadata: MetaData) -> Table:
    table = Table(
        "rollup_metric_hour",
        metadata,
        whole("hour", primary_key=True, autoincrement=False),
        words("region_code", primary_key=True),
        words("metric", primary_key=True),
        whole("n"),
        number("total"),
        number("low"),
        number("high"),
        whole("changed_seq"),
        sqlite_with_rowid=False,
    )
    _changed_lately(table)
    return table


def _changed_lately(table: Table) -> None:
    # Not those that stood for long: see geo_data.rollups.changed.
    seq = table.c.changed_seq
    partial(Index(f"{table.name}_changed", seq), seq > literal_column("0"))


def _changes(metadata: MetaData) -> Table:
    return Table(
        "changes",
        metadata,
        Column("seq", Count, primary_key=True),
        time("at"),
        words("topic"),
        words("body"),
        # A pruned number must never come back: a browser's cursor may still hold it.
        sqlite_autoincrement=True,
    )


def _layer_versions(metadata: MetaData) -> Table:
    return Table(
        "layer_versions",
        metadata,
        words("layer", primary_key=True),
        whole("version"),
        time("updated_at"),
        time("data_at", nullable=True),
        whole("rows"),
        words("source"),
    )
