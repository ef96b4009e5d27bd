"""Every read of the city under one name; each module beside this one answers one question.

Every read takes the store, then a :class:`geo_data.records.Scope`, and where history is meant a
time: the answer is what was known then.
"""

from __future__ import annotations

from geo_data.queries.alarms import alarm, alarm_counts, alarms, alarms_of_sensor
from geo_data.queries.busy_places import BusyPlace, busy_places
from geo_data.queries.case_counts import CaseCounts, case_counts
from geo_data.queries.case_filter import CaseFilter
from geo_data.queries.case_lists import incident_count, incidents
from geo_data.queries.counted_cases import CountedCases, counted_cases, judged_cases
from geo_data.queries.drawn_counts import drawn_counts
from geo_data.queries.freshness import ages
from geo_data.queries.incidents import incident, incidents_of_place, stages
from geo_data.queries.open_cases import (
    ChosenCounts,
    IncidentPoints,
    OpenCount,
    chosen_counts,
    open_by_region,
    open_incident_points,
)
from geo_data.queries.overdue_ageing import OverdueAgeing, overdue_ageing
from geo_data.queries.places import (
    PlaceColumns,
    place,
    place_columns,
    place_counts,
    place_shape,
    places,
)
from geo_data.queries.report_hours import ReportHours, report_hours
from geo_data.queries.search import search
from geo_data.queries.sensor_history import History, sensor_history, sparklines
from geo_data.queries.sensors import (
    SensorPoints,
    observations,
    sensor,
    sensor_points,
    sensor_state_counts,
    sensors,
    sensors_of_place,
)
from geo_data.queries.sources import Letter, SourceState, letters, sources
from geo_data.queries.stage_funnel import StageCount, StageFunnel, StageSpan, stage_funnel
from geo_data.region_outlines import RegionOutlines, region_outlines, region_shapes
from geo_data.regions import RegionTree, region_tree

__all__ = [
    "BusyPlace",
    "CaseCounts",
    "CaseFilter",
    "ChosenCounts",
    "CountedCases",
    "History",
    "IncidentPoints",
    "Letter",
    "OpenCount",
    "OverdueAgeing",
    "PlaceColumns",
    "RegionOutlines",
    "RegionTree",
    "ReportHours",
    "SensorPoints",
    "SourceState",
    "StageCount",
    "StageFunnel",
    "StageSpan",
    "ages",
    "alarm",
    "alarm_counts",
    "alarms",
    "alarms_of_sensor",
    "busy_places",
    "case_counts",
    "chosen_counts",
    "counted_cases",
    "drawn_counts",
    "incident",
    "incident_count",
    "incidents",
    "incidents_of_place",
    "judged_cases",
    "letters",
    "observations",
    "open_by_region",
    "open_incident_points",
    "overdue_ageing",
    "place",
    "place_columns",
    "place_counts",
    "place_shape",
    "places",
    "region_outlines",
    "region_shapes",
    "region_tree",
    "report_hours",
    "search",
    "sensor",
    "sensor_history",
    "sensor_points",
    "sensor_state_counts",
    "sensors",
    "sensors_of_place",
    "sources",
    "sparklines",
    "stage_funnel",
    "stages",
]
