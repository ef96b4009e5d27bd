"""No read tells anybody what lies outside their scope: every one is tried with narrow scopes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry.base import BaseGeometry

from geo_data import queries
from geo_data.alarms.desk import acknowledge
from geo_data.alarms.rules import CityAlarms
from geo_data.city import City
from geo_data.faults import Fault
from geo_data.feed import changes_after
from geo_data.ingest import Reading, apply
from geo_data.ingest.letters import Unread, bury
from geo_data.ingest.source_states import note_contact
from geo_data.queries import CaseFilter, RegionTree, region_tree
from geo_data.records import Scope, Stage, Window
from geo_data.store import Store, write_layer
from geo_data.store.file import city_text
from tests.geo_data.lived_city import NOON, case, hours, make_lived_city, step
from tests.geo_data.small_city import AT, cell, sensor_frame
from tests.stores import Stores

NOW = NOON + hours(13)
WINDOW = Window(NOON - hours(1), NOON + hours(24))
TOWN = Scope(region_code="t1")
KINDS = Scope(kinds=frozenset({"residential", "noise"}))
MASKED = Scope(masked=frozenset({"phone", "address", "title", "actor", "note"}))

INSIDE = {"place": "residential-1", "sensor": "s4", "region": "t1"}
OUTSIDE = {
    "place": ["residential-0", "shelter-0", "b0"],
    "sensor": ["s0", "s5"],
    "region": ["c", "t0", "t0g1", "t2", "f", "nowhere"],
}
Read = Callable[[Store, Scope], object]


NOISY = CityAlarms.model_validate(
    {
        "rules": [
            {
                **{"key": "noise", "name": {"zh": "噪声", "en": "Noise"}, "kind": "noise"},
                **{"unit": "dB(A)", "source": "test", "effective-from": "2020-01-01"},
                "any-of": [{"measure": "value", "red": 90}],
            }
        ]
    }
)
ALARMS = range(1, 5)


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_lived_city(module_stores.new())
    sensors = sensor_frame(store)
    sensors["place_code"] = [f"shelter-{one[1]}" for one in sensors["region_code"]]
    write_layer(store, "sensors", sensors, "test", AT)
    homes = [
        case(f"home-{n}", 11, place_code=f"shelter-{n}", title=f"投诉 home-{n}") for n in range(3)
    ]
    actors = [step(f"home-{n}", Stage.ACCEPTED, 11.5, actor="某某", note="密") for n in range(3)]
    apply(store, [*homes, *actors], NOW)
    loud = [Reading(f"s{n}", 95, NOW) for n in (1, 4, 5)]
    # Read anew: a copy would keep the rules that were made of the old ones.
    city = store.city.model_copy(update={"alarms": NOISY})
    store.city = City.model_validate_json(city_text(city))
    apply(store, [*loud, Reading("s3", 1, NOW)], NOW)
    for number in ALARMS:
        acknowledge(store, number, "某某", NOW)
    note_contact(store, "hotline", NOW)
    letter = Unread("hotline", "投诉 home-0", (Fault("no-file"),))
    with store.write() as connection:
        bury(connection, store.tables, [letter], NOW)
    yield store
    store.close()


def ids(store: Store, *regions: str) -> list[int]:
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT id, region_code FROM incidents").all()
    return [number for number, code in rows if code in regions]


def all_ids(store: Store) -> list[int]:
    with store.read() as connection:
        return list(connection.exec_driver_sql("SELECT id FROM incidents").scalars())


def each(*values: Any) -> Callable[[Callable[[Any], object]], list[object]]:
    return lambda read: [read(value) for value in values]


REGIONS = [INSIDE["region"], "t1g0", *OUTSIDE["region"]]
PLACES = [INSIDE["place"], "shelter-1", *OUTSIDE["place"]]
SENSORS = [INSIDE["sensor"], "s3", *OUTSIDE["sensor"]]
PLACE_KINDS = ["residential", "shelter", "building", "village"]
TEXTS = ["t", "s", "新", "暴露", "SJ", "residential-0", "松汇路", "谷阳路", "开发区", "投诉", "xq"]

FILTERS = (CaseFilter(), CaseFilter(standing="open"), CaseFilter(channel="hotline"))
COUNTS_OUTSIDE = {
    "chosen_counts",
    "drawn_counts",
    "incident_count",
    "observations",
    "sensor_history",
}
"""Reads that are asked for what lies outside only, and count it."""
READS: dict[str, Read] = {
    "alarm": lambda store, scope: each(*ALARMS)(
        lambda number: queries.alarm(store, scope, number, NOW)
    ),
    "alarm_counts": lambda store, scope: each(*REGIONS)(
        lambda region: queries.alarm_counts(store, scope, region, NOW)
    ),
    "alarms": lambda store, scope: each(None, *REGIONS)(
        lambda region: queries.alarms(store, scope, region, NOW)
    ),
    "alarms_of_sensor": lambda store, scope: each(*SENSORS)(
        lambda code: queries.alarms_of_sensor(store, scope, code, NOW)
    ),
    "letters": lambda store, scope: queries.letters(store, scope, "hotline"),
    "sources": lambda store, scope: queries.sources(store, scope, NOW),
    "ages": lambda store, scope: queries.ages(store, scope, NOW),
    "counted_cases": lambda store, scope: each(*REGIONS)(
        lambda region: queries.counted_cases(store, scope, region, "reported", WINDOW, NOW)
    ),
    "judged_cases": lambda store, scope: each(*REGIONS)(
        lambda region: queries.judged_cases(
            *(store, scope, region, ("reported",), ("closed",), WINDOW, NOW)
        )
    ),
    "drawn_counts": lambda store, scope: [
        list(queries.drawn_counts(store, scope, region, NOW, WINDOW).values())
        for region in OUTSIDE["region"]
        if region_tree(store, scope).get(region) is None
    ],
    "incident": lambda store, scope: [
        queries.incident(store, scope, number, NOW) for number in all_ids(store)
    ],
    "incident_count": lambda store, scope: [
        queries.incident_count(store, scope, region, WINDOW, NOW, only)
        for region in OUTSIDE["region"]
        for only in FILTERS
        if region_tree(store, scope).get(region) is None
    ],
    "incidents": lambda store, scope: [
        queries.incidents(store, scope, region, WINDOW, NOW, only=only)
        for region in REGIONS
        for only in FILTERS
    ],
    "case_counts": lambda store, scope: [
        queries.case_counts(store, scope, region, WINDOW, NOW, only)
        for region in (INSIDE["region"] if scope is not TOWN else "t2", "nowhere")
        for only in FILTERS
    ],
    "chosen_counts": lambda store, scope: [
        [*counts.by_severity.values(), counts.unplaced]
        for region in OUTSIDE["region"]
        for only in FILTERS[1:]
        for counts in [queries.chosen_counts(store, scope, region, WINDOW, NOW, only)]
        if region_tree(store, scope).get(region) is None
    ],
    "incidents_of_place": lambda store, scope: each(*PLACES)(
        lambda code: queries.incidents_of_place(store, scope, code, NOW, 99)
    ),
    "observations": lambda store, scope: [
        len(queries.observations(store, scope, code, WINDOW)[0])
        for code in OUTSIDE["sensor"]
        if scope is TOWN
    ],
    "sensor_history": lambda store, scope: [
        len(queries.sensor_history(store, scope, code, WINDOW, 9, NOW))
        for code in OUTSIDE["sensor"]
        if scope is TOWN
    ],
    "sparklines": lambda store, scope: each(*(f"s{n}" for n in range(6)))(
        lambda code: list(queries.sparklines(store, scope, [code], WINDOW, 9, NOW))
    ),
    "open_by_region": lambda store, scope: queries.open_by_region(store, scope, NOW),
    "open_incident_points": lambda store, scope: queries.open_incident_points(
        store, scope, NOW, WINDOW
    ),
    "place": lambda store, scope: each(*PLACES)(lambda code: queries.place(store, scope, code)),
    "place_counts": lambda store, scope: each(*REGIONS)(
        lambda region: queries.place_counts(store, scope, region)
    ),
    "place_shape": lambda store, scope: each(*PLACES)(
        lambda code: queries.place_shape(store, scope, code)
    ),
    "places": lambda store, scope: each(None, *REGIONS)(
        lambda region: queries.places(store, scope, PLACE_KINDS, region)
    ),
    "place_columns": lambda store, scope: each(None, *REGIONS)(
        lambda region: queries.place_columns(store, scope, PLACE_KINDS, region).values
    ),
    "region_outlines": lambda store, scope: each("district", "town", "grid", "functional")(
        lambda level: queries.region_outlines(store, scope, level)
    ),
    "region_shapes": lambda store, scope: each("district", "town", "grid", "functional")(
        lambda level: queries.region_shapes(store, scope, level)
    ),
    "region_tree": lambda store, scope: _whole_tree(region_tree(store, scope)),
    "search": lambda store, scope: each(*TEXTS)(
        lambda text: queries.search(store, scope, text, 500)
    ),
    "sensor": lambda store, scope: each(*SENSORS)(
        lambda code: queries.sensor(store, scope, code, NOW)
    ),
    "sensor_points": lambda store, scope: queries.sensor_points(store, scope, NOW),
    "sensor_state_counts": lambda store, scope: each(*REGIONS)(
        lambda region: queries.sensor_state_counts(store, scope, region, NOW)
    ),
    "sensors": lambda store, scope: each(None, *REGIONS)(
        lambda region: queries.sensors(store, scope, region, NOW)
    ),
    "sensors_of_place": lambda store, scope: each(*PLACES)(
        lambda code: queries.sensors_of_place(store, scope, code, NOW)
    ),
    "busy_places": lambda store, scope: each(*REGIONS)(
        lambda region: queries.busy_places(store, scope, region, WINDOW, NOW)
    ),
    "overdue_ageing": lambda store, scope: each(*REGIONS)(
        lambda region: queries.overdue_ageing(store, scope, region, NOW)
    ),
    "report_hours": lambda store, scope: each(*REGIONS)(
        lambda region: queries.report_hours(store, scope, region, WINDOW, NOW)
    ),
    "stage_funnel": lambda store, scope: each(*REGIONS)(
        lambda region: queries.stage_funnel(store, scope, region, WINDOW, NOW)
    ),
    "stages": lambda store, scope: [
        queries.stages(store, scope, number, NOW) for number in all_ids(store)
    ],
    "changes": lambda store, scope: [
        change.body for change in changes_after(store, scope, 0) if change.topic != "layers"
    ],
}


def _whole_tree(tree: RegionTree) -> object:
    regions = tree.regions()
    return [
        regions,
        [tree.children(one.code) for one in regions],
        [tree.ancestors(one.code) for one in regions],
        [tree.subtree(one.code) for one in regions],
        tree.functional,
    ]


def flat(value: object) -> Iterator[object]:
    """Every single thing an answer holds."""
    if isinstance(value, dict):
        yield from (one for pair in value.items() for part in pair for one in flat(part))
    elif isinstance(value, gpd.GeoDataFrame):
        yield from flat(value.to_dict("list"))
    elif isinstance(value, BaseGeometry):
        yield value.bounds
    elif is_dataclass(value) and not isinstance(value, type):
        yield from flat(asdict(value))
    elif isinstance(value, list | tuple | set | np.ndarray):
        yield from (one for part in value for one in flat(part))
    else:
        yield value


def test_every_read_is_tried() -> None:
    """A new read fails here until it is tried below."""
    public = {name for name in queries.__all__ if not inspect.isclass(getattr(queries, name))}
    assert public == READS.keys() - {"changes"}
    for name in public:
        parameters = list(inspect.signature(getattr(queries, name)).parameters)
        assert parameters[:2] == ["store", "scope"], name


@pytest.mark.parametrize("name", READS)
def test_everybody_gets_an_answer_without_limits(store: Store, name: str) -> None:
    """Otherwise the tests below would find nothing because there is nothing."""
    answer = list(flat(READS[name](store, Scope.everything())))
    assert name in COUNTS_OUTSIDE or len(answer) > 2


@pytest.mark.parametrize("name", READS)
def test_a_town_sees_the_town(store: Store, name: str) -> None:
    west, _, east, _ = cell(2, 0, 2, 2).bounds
    foreign = re.compile(
        r"c|f|t[02].*|s[0125]|b0|v0|(residential|shelter)-[02]|新桥.*[02]|松汇路[02]号"
        r"|.*(town|grid) t[02].*|投诉 home-[02]|小城|开发区|grid c"
    )
    town = [f"t1g{n}" for n in range(4)]
    numbers = set(all_ids(store)) - set(ids(store, *town))
    assert numbers
    for one in flat(READS[name](store, TOWN)):
        assert not isinstance(one, str) or not foreign.fullmatch(one), one
        if isinstance(one, tuple):
            assert west - 1e-9 <= one[0] <= one[2] <= east + 1e-9
        if isinstance(one, float | np.floating) and 121 < one < 123:
            assert west - 1e-9 <= one <= east + 1e-9
        if name in COUNTS_OUTSIDE:
            assert one == 0
    if name in {"incident", "incidents", "incidents_of_place"}:
        seen = {one.id for one in _cases(READS[name](store, TOWN))}
        assert seen
        assert not seen & numbers
    if name == "open_incident_points":
        assert not set(queries.open_incident_points(store, TOWN, NOW, WINDOW).id) & numbers
    if name == "stages":
        for number in numbers:
            assert queries.stages(store, TOWN, number, NOW) == []


def _cases(answer: object) -> Iterator[Any]:
    if isinstance(answer, list):
        for part in answer:
            yield from _cases(part)
    elif answer is not None:
        yield answer


@pytest.mark.parametrize("name", READS)
def test_hidden_kinds_are_not_named(store: Store, name: str) -> None:
    hidden = re.compile(r"shelter.*|.*shelter\d|village|building|b0|v0|s[023]|传感器[023]|smoke")
    allowed = {"sensor_points": {"pipe-pressure", "pm25", "smoke"}}
    for one in flat(READS[name](store, KINDS)):
        if isinstance(one, str) and one not in allowed.get(name, ()):
            assert not hidden.fullmatch(one), one


@pytest.mark.parametrize("name", READS)
def test_withheld_fields_are_not_told(store: Store, name: str) -> None:
    secret = re.compile(r"1380000000\d|.*松汇路.*|.*谷阳路.*|暴露垃圾.*|投诉.*|某某|密")
    texts = [one for one in flat(READS[name](store, MASKED)) if isinstance(one, str)]
    assert not [one for one in texts if secret.fullmatch(one)]
    if name in {"place", "incident", "stages", "alarm", "alarms"}:
        assert "***" in texts


def test_a_file_cannot_be_asked_without_a_scope(stores: Stores) -> None:
    """A scope naming a region of another city sees nothing at all."""
    from geo_data.faults import InputError

    store = make_lived_city(stores.new())
    for name in sorted(READS.keys() - {"ages", "changes"}):
        if name in COUNTS_OUTSIDE:
            continue
        with pytest.raises(InputError):
            READS[name](store, Scope(region_code="elsewhere"))
    store.close()
