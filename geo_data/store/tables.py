"""The tables of the store: one definition for the embedded store and for a server.

Only the geometry type differs between stores, so :func:`build_tables` takes it as an
argument; :mod:`geo_data.store.geopackage` gives the one of a GeoPackage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from geo_data.case_stages import ENDED
from geo_data.store.column_types import Count, UtcDateTime, Words
from geo_data.store.export_table import exports
from geo_data.store.intake_tables import dead_letters, intake_slots, intake_states

GeometryFactory = Callable[[str], TypeEngine[Any]]
"""``POINT``, ``MULTIPOLYGON`` or ``GEOMETRY`` -> the column type of a store."""

ENDED_KEYS = sorted(str(stage) for stage in ENDED)
"""As stored; written into the statements, so that SQLite sees that a partial index serves."""


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
    rollup_region_day: Table
    rollup_dimension_day: Table
    rollup_metric_hour: Table
    changes: Table
    layer_versions: Table
    dead_letters: Table
    intake_states: Table
    intake_slots: Table
    exports: Table
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
        rollup_region_day=_rollup_region_day(metadata),
        rollup_dimension_day=_rollup_dimension_day(metadata),
        rollup_metric_hour=_rollup_metric_hour(metadata),
        changes=_changes(metadata),
        layer_versions=_layer_versions(metadata),
        dead_letters=dead_letters(metadata),
        intake_states=intake_states(metadata),
        intake_slots=intake_slots(metadata),
        exports=exports(metadata),
        meta=Table(
            "meta", metadata, Column("key", Words, primary_key=True), Column("value", Words)
        ),
    )


def _text(name: str, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, Words, nullable=nullable, **options)


def _number(name: str, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def _time(name: str, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _whole(name: str, nullable: bool = False, **options: Any) -> Column[int]:
    return Column(name, Count, nullable=nullable, **options)


def _regions(metadata: MetaData, geometry: GeometryFactory) -> Table:
    return Table(
        "regions",
        metadata,
        Column("fid", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("MULTIPOLYGON")),
        _text("code", unique=True),
        _text("parent_code", nullable=True),
        _text("level"),
        _text("kind"),
        _text("name"),
        _text("pinyin"),
        *(_number(name) for name in ("lon", "lat", "west", "south", "east", "north", "area_km2")),
        _whole("population", nullable=True),
        Index("regions_level", "level"),
    )


def _places(metadata: MetaData, geometry: GeometryFactory) -> Table:
    table = Table(
        "places",
        metadata,
        Column("fid", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("GEOMETRY")),
        _text("code", unique=True),
        _text("kind"),
        _text("name"),
        _text("pinyin"),
        _text("region_code"),
        _text("site_code", nullable=True),
        _number("lon"),
        _number("lat"),
        _text("address", nullable=True),
        _whole("floors", nullable=True),
        _text("use", nullable=True),
        _text("attributes"),
        # Covering for the counts per kind of a region.
        Index("places_region_kind", "region_code", "kind"),
        Index("places_kind", "kind"),
    )
    _partial(Index("places_site", table.c.site_code), table.c.site_code.is_not(None))
    return table


def _partial(index: Index, condition: Any) -> None:
    for dialect in ("sqlite", "postgresql"):
        index.dialect_options[dialect]["where"] = condition


def _sensors(metadata: MetaData, geometry: GeometryFactory) -> Table:
    return Table(
        "sensors",
        metadata,
        Column("fid", Integer, primary_key=True, autoincrement=False),
        Column("geom", geometry("POINT")),
        _text("code", unique=True),
        _text("kind"),
        _text("name"),
        _text("pinyin"),
        _text("metric"),
        _text("unit"),
        _text("region_code"),
        _text("place_code", nullable=True),
        _number("lon"),
        _number("lat"),
        _whole("period_s"),
        Index("sensors_region", "region_code"),
        Index("sensors_place", "place_code"),
    )


def _readings(metadata: MetaData) -> Table:
    return Table(
        "readings",
        metadata,
        _text("sensor_code", primary_key=True),
        _number("value"),
        _time("observed_at"),
        _time("received_at"),
        _whole("state"),
        sqlite_with_rowid=False,
    )


def _by_range(column: str | None) -> dict[str, Any]:
    return {"postgresql_partition_by": f"RANGE ({column})"} if column else {}


def _observations(metadata: MetaData, cut_by: str | None) -> Table:
    return Table(
        "observations",
        metadata,
        _text("sensor_code", primary_key=True),
        Column("observed_at", UtcDateTime, primary_key=True),
        _number("value"),
        _time("received_at"),
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
        _text("source"),
        _text("source_id"),
        _text("code"),
        _text("title"),
        _text("channel"),
        _text("category"),
        _whole("severity"),
        _text("stage"),
        _time("stage_at"),
        _time("happened_at"),
        Column("reported_at", UtcDateTime, nullable=False, primary_key=cut_by == "reported_at"),
        _time("recorded_at"),
        _number("lon", nullable=True),
        _number("lat", nullable=True),
        _text("region_code", nullable=True),
        _text("place_code", nullable=True),
        _text("address", nullable=True),
        _text("located_by"),
        _time("due_at", nullable=True),
        _time("ended_at", nullable=True),
        _time("due_soon_at", nullable=True),
        Index("incidents_source", "source", "source_id")
        if cut_by
        else UniqueConstraint("source", "source_id"),
        # The whole city newest first, a region newest first, and the code people quote.
        Index("incidents_reported", "reported_at"),
        Index("incidents_region_reported", "region_code", "reported_at"),
        Index("incidents_code", "code"),
        **_by_range(cut_by),
    )
    _partial(Index("incidents_place", table.c.place_code), table.c.place_code.is_not(None))
    # Open cases are one in a hundred: a region's, with what is due so that counts never touch
    # the table, and the whole city's newest first.
    is_open = table.c.ended_at.is_(None)
    counted = (table.c.region_code, table.c.reported_at, table.c.due_at, table.c.due_soon_at)
    _partial(Index("incidents_open", *counted), is_open)
    _partial(Index("incidents_open_newest", table.c.reported_at), is_open)
    return table


def _stage_columns() -> tuple[Column[Any], ...]:
    return (
        _text("stage", primary_key=True),
        Column("happened_at", UtcDateTime, primary_key=True),
        _time("recorded_at"),
        _text("actor", nullable=True),
        _text("note", nullable=True),
    )


def _incident_stages(metadata: MetaData) -> Table:
    # Append-only. A case's history lies together on disk under its own key: half the bytes of
    # a row number plus a unique index, and there are seven rows to a case.
    table = Table(
        "incident_stages",
        metadata,
        _whole("incident_id", primary_key=True, autoincrement=False),
        *_stage_columns(),
        sqlite_with_rowid=False,
    )
    # Which cases were closed since a moment: all that can have been open then and is not now.
    ended = table.c.stage.in_([literal_column(f"'{key}'") for key in ENDED_KEYS])
    _partial(Index("incident_stages_ended", table.c.recorded_at), ended)
    return table


def _pending_stages(metadata: MetaData) -> Table:
    # Steps that came before their case; moved to incident_stages when it comes.
    return Table(
        "pending_stages",
        metadata,
        _text("source", primary_key=True),
        _text("source_id", primary_key=True),
        *_stage_columns(),
        sqlite_with_rowid=False,
    )


def _rollup_region_day(metadata: MetaData) -> Table:
    measures = (
        *("reported", "filed", "closed", "closed_on_time", "due"),
        *("reworked", "extended", "proactive", "hotline"),
    )
    return Table(
        "rollup_region_day",
        metadata,
        _whole("day", primary_key=True, autoincrement=False),
        _text("region_code", primary_key=True),
        *(_whole(name, server_default="0") for name in measures),
        _whole("changed_seq"),
        Index("rollup_region_day_changed", "changed_seq"),
        sqlite_with_rowid=False,
    )


def _rollup_dimension_day(metadata: MetaData) -> Table:
    return Table(
        "rollup_dimension_day",
        metadata,
        _whole("day", primary_key=True, autoincrement=False),
        _text("region_code", primary_key=True),
        _text("dimension", primary_key=True),
        _text("key", primary_key=True),
        _whole("n"),
        _whole("changed_seq"),
        Index("rollup_dimension_day_changed", "changed_seq"),
        sqlite_with_rowid=False,
    )


def _rollup_metric_hour(metadata: MetaData) -> Table:
    return Table(
        "rollup_metric_hour",
        metadata,
        _whole("hour", primary_key=True, autoincrement=False),
        _text("region_code", primary_key=True),
        _text("metric", primary_key=True),
        _whole("n"),
        _number("total"),
        _number("low"),
        _number("high"),
        _whole("changed_seq"),
        Index("rollup_metric_hour_changed", "changed_seq"),
        sqlite_with_rowid=False,
    )


def _changes(metadata: MetaData) -> Table:
    return Table(
        "changes",
        metadata,
        Column("seq", Count, primary_key=True),
        _time("at"),
        _text("topic"),
        _text("body"),
        # A pruned number must never come back: a browser's cursor may still hold it.
        sqlite_autoincrement=True,
    )


def _layer_versions(metadata: MetaData) -> Table:
    return Table(
        "layer_versions",
        metadata,
        _text("layer", primary_key=True),
        _whole("version"),
        _time("updated_at"),
        _time("data_at", nullable=True),
        _whole("rows"),
        _text("source"),
    )
