"""Points travel as numbers that come back as they were, to a metre."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from geo_data import queries
from geo_data.faults import InputError
from geo_data.records import Scope, Stage
from geo_data.store import Store
from layers import points
from layers.points import (
    NOWHERE,
    QUANTUM_DEG,
    STAGES,
    incident_buffer,
    place_buffer,
    progress,
    sensor_buffer,
    sensor_state_buffer,
    sensor_version,
)
from tests.geo_data.lived_city import DAY, NOON, hours
from tests.layers.reading import unpack

ALL = Scope.everything()
AT = NOON + hours(12)


def degrees(header: dict, columns: dict) -> np.ndarray:
    corner = np.array([header["west"], header["south"]])
    return np.column_stack([columns["x"], columns["y"]]) * header["quantum"] + corner


def test_incidents_come_back(lived: Store) -> None:
    truth = queries.open_incident_points(lived, ALL, AT, DAY)
    header, columns = unpack(incident_buffer(lived, ALL, AT, DAY))
    assert len(truth.id) > 0
    assert header["total"] == len(truth.id)
    order = [truth.id.tolist().index(one) for one in columns["id"].tolist()]
    assert sorted(order) == list(range(len(truth.id)))
    positions = np.column_stack([truth.lon, truth.lat])[order]
    assert np.abs(degrees(header, columns) - positions).max() <= QUANTUM_DEG
    assert columns["severity"].tolist() == truth.severity[order].tolist()
    assert columns["stage"].tolist() == truth.stage_index[order].tolist()
    assert columns["overdue"].tolist() == truth.overdue[order].astype(int).tolist()
    seconds = truth.reported_at[order].astype("datetime64[s]").astype(int)
    assert columns["reported"].tolist() == seconds.tolist()


def test_the_worst_is_drawn_last(lived: Store) -> None:
    _, columns = unpack(incident_buffer(lived, ALL, AT, DAY))
    severities = columns["severity"].tolist()
    assert severities == sorted(severities, reverse=True)


def test_cases_are_counted_where_the_panels_count_them(lived: Store) -> None:
    truth = queries.open_incident_points(lived, ALL, AT, DAY)
    _, columns = unpack(incident_buffer(lived, ALL, AT, DAY))
    towns = [child.code for child in queries.region_tree(lived, ALL).children("c")]
    wanted = Counter(code[:2] if code and code != "c" else None for code in truth.region_codes)
    found = Counter(None if area == NOWHERE else towns[area] for area in columns["area"].tolist())
    assert found == wanted


def test_of_too_many_the_worst_and_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MOST_INCIDENTS", 2)
    severity = np.array([4, 1, 4, 4], dtype=np.uint8)
    reported = np.array([1, 2, 9, 3], dtype="datetime64[s]")
    assert points._worst_first(severity, reported).tolist() == [2, 1]


def test_sensors_and_their_states_are_in_one_order(lived: Store) -> None:
    truth = queries.sensor_points(lived, ALL, AT)
    header, columns = unpack(sensor_buffer(lived, ALL, AT))
    states, state = unpack(sensor_state_buffer(lived, ALL, AT))
    assert columns["fid"].tolist() == truth.fid.tolist()
    assert header["codes"] == list(truth.codes)
    assert [header["kinds"][kind] for kind in columns["kind"]] == [
        truth.kinds[kind] for kind in truth.kind_index
    ]
    assert state["state"].tolist() == truth.state.tolist()
    assert states["version"] == sensor_version(lived, ALL)
    assert sensor_version(lived, Scope(region_code="t0")) != sensor_version(lived, ALL)


def test_points_of_a_kind_of_place(lived: Store) -> None:
    header, columns = unpack(place_buffer(lived, ALL, "shelter"))
    # The shelters of this city are areas, so there are no points to draw.
    assert (header["codes"], columns["x"].size) == ([], 0)
    with pytest.raises(InputError, match="shelter"):
        place_buffer(lived, ALL, "sheltr")
    with pytest.raises(InputError):
        place_buffer(lived, Scope(kinds=frozenset({"park"})), "shelter")


def test_a_wide_city_takes_wider_numbers() -> None:
    header, x, y = points._grid(np.array([100.0, 101.0]), np.array([30.0, 30.1]))
    assert (x.dtype, y.dtype) == (np.dtype("<u4"), np.dtype("<u4"))
    assert x[1] * header["quantum"] == pytest.approx(1.0)
    near = points._grid(np.array([100.0, 100.1]), np.array([30.0, 30.1]))
    assert near[1].dtype == np.dtype("<u2")


def test_no_points_at_all(lived: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = np.zeros(0)
    nobody = SimpleNamespace(
        id=empty, lon=empty, lat=empty, severity=empty, stage_index=empty, overdue=empty,
        reported_at=empty.astype("datetime64[ms]"), region_codes=[],
    )  # fmt: skip
    monkeypatch.setattr(queries, "open_incident_points", lambda *_: nobody)
    header, columns = unpack(incident_buffer(lived, ALL, AT, DAY))
    assert header["total"] == 0
    assert all(column.size == 0 for column in columns.values())


def test_a_sign_drains_as_the_case_goes_on() -> None:
    line = [Stage.FOUND, Stage.FILED, Stage.DISPATCHED, Stage.HANDLED, Stage.VERIFIED, Stage.CLOSED]
    assert [progress(stage) for stage in line] == [0, 0, 1, 2, 2, 3]
    assert {progress(stage) for stage in STAGES} == {0, 1, 2, 3}
    assert progress(Stage.VOIDED) == 3
    assert progress(Stage.RETURNED) == 0
