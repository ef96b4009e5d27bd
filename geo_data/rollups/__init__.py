"""Counts kept up to date with every commit, and read over any window and region from memory."""

from geo_data.local_days import day_number, day_start
from geo_data.rollups.contributions import ANSWERS, DIMENSIONS, MEASURES
from geo_data.rollups.cubes import Hours
from geo_data.rollups.known_then import can_tell
from geo_data.rollups.rows import recount
from geo_data.rollups.verdicts import adopt_clock, clock_notices, is_outdated
from geo_data.rollups.windows import (
    RESIDUE,
    by_child,
    by_level,
    dimension,
    dimension_series,
    is_told,
    metric_hours,
    series,
    totals,
)

__all__ = [
    "ANSWERS",
    "DIMENSIONS",
    "MEASURES",
    "RESIDUE",
    "Hours",
    "adopt_clock",
    "by_child",
    "by_level",
    "can_tell",
    "clock_notices",
    "day_number",
    "day_start",
    "dimension",
    "dimension_series",
    "is_outdated",
    "is_told",
    "metric_hours",
    "recount",
    "series",
    "totals",
]
