"""The columns of the tables: what programs call them, what people call them, and their units."""

from __future__ import annotations

from geo_data.extracts import Column, Kind
from layers.style import WORDS

Declared = tuple[tuple[str, Kind, str], ...]
"""Key, kind and unit of each column."""

REGION: Declared = (
    *(("code", "text", ""), ("name", "text", ""), ("level", "text", "")),
    *(("kind", "text", ""), ("parent_code", "text", ""), ("area_km2", "number", "km²")),
    *(("population", "whole", ""), ("lon", "number", "°"), ("lat", "number", "°")),
)
PLACE: Declared = (
    *(("code", "text", ""), ("kind", "text", ""), ("kind_name", "text", "")),
    *(("name", "text", ""), ("region_code", "text", ""), ("region_name", "text", "")),
    *(("site_code", "text", ""), ("address", "text", ""), ("floors", "whole", "")),
    *(("use", "text", ""), ("attributes", "text", "")),
    *(("lon", "number", "°"), ("lat", "number", "°")),
)
SENSOR: Declared = (
    *(("code", "text", ""), ("kind", "text", ""), ("kind_name", "text", "")),
    *(("name", "text", ""), ("state", "text", ""), ("state_name", "text", "")),
    *(("value", "number", ""), ("unit", "text", ""), ("observed_at", "time", "")),
    *(("metric", "text", ""), ("period_s", "whole", "s"), ("region_code", "text", "")),
    *(("region_name", "text", ""), ("place_code", "text", "")),
    *(("lon", "number", "°"), ("lat", "number", "°")),
)
CASE: Declared = (
    *(("code", "text", ""), ("title", "text", ""), ("severity", "whole", "")),
    *(("severity_name", "text", ""), ("stage", "text", ""), ("stage_name", "text", "")),
    *(("stage_at", "time", ""), ("overdue", "flag", ""), ("due_at", "time", "")),
    *(("channel", "text", ""), ("channel_name", "text", ""), ("category", "text", "")),
    *(("category_name", "text", ""), ("happened_at", "time", ""), ("reported_at", "time", "")),
    *(("recorded_at", "time", ""), ("ended_at", "time", ""), ("region_code", "text", "")),
    *(("region_name", "text", ""), ("place_code", "text", ""), ("address", "text", "")),
    *(("located_by", "text", ""), ("source", "text", ""), ("source_id", "text", "")),
    *(("lon", "number", "°"), ("lat", "number", "°")),
)


def columns(declared: Declared, language: str) -> tuple[Column, ...]:
    """Return columns with the words of a language."""
    return tuple(
        Column(key, WORDS(f"column-{key}", language), kind, unit) for key, kind, unit in declared
    )
