"""The browser reads what the server wrote: documents, tiles, points, in a real Chromium."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data import tiles
from geo_data.queries import region_shapes
from geo_data.records import Scope
from geo_data.store import Store, write_layer
from layers.documents import CHAIN_FINE, FINE, document, encode
from layers.points import STAGES, incident_buffer, progress, sensor_buffer
from tests.chromium import CHROMIUM, FLAGS
from tests.geo_data.lived_city import DAY, NOON, hours
from tests.geo_data.small_city import AT, CELL, SOUTH, WEST, cell, make_small_city, middle

pytestmark = pytest.mark.browser
ALL = Scope.everything()
ASSETS = Path(__file__).parents[2] / "dashboard" / "assets" / "map"
PARTS = ("atlas", "cluster", "documents", "mvt", "pick", "points")
BYTES = "const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;"


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        for part in PARTS:
            page.add_script_tag(path=ASSETS / f"{part}.js")
        yield page
        browser.close()


def ask(page: Any, code: str, **given: object) -> Any:
    """Run ``code`` with ``given`` as ``it``; bytes arrive as ArrayBuffer by ``bytes(…)``."""
    sent = {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for key, value in given.items()
    }
    return page.evaluate(f"(it) => {{ {BYTES} {code} }}", sent)


def test_shapes_are_the_regions(page: Any, lived: Store) -> None:
    read = ask(
        page,
        """const shapes = new yiping.documents.Shapes(bytes(it.body));
        const area = (line) => { let a = 0; for (let i = 0; i + 3 < line.length; i += 2)
          a += line[i] * line[i + 3] - line[i + 2] * line[i + 1]; return Math.abs(a / 2); };
        return shapes.levels.map((level) => [level.key, level.codes.map((code) =>
          [code, shapes.polygons(code).reduce((sum, [outer]) => sum + area(outer), 0)])]);""",
        body=document(lived, ALL, CHAIN_FINE).body,
    )
    for level, rows in read:
        truth = region_shapes(lived, ALL, level)
        areas = dict(zip(truth["code"], truth.geometry.to_numpy(), strict=True))
        assert [code for code, _ in rows] == list(truth["code"])
        for code, area in rows:
            assert area == pytest.approx(shapely.area(areas[code]), rel=1e-3)


def test_a_position_is_found_in_its_region_and_not_in_a_hole(page: Any) -> None:
    holed = cell(0, 0, 3, 3).difference(cell(1, 1))
    frame = gpd.GeoDataFrame(
        {"code": ["a", "b"], "parent_code": [None, None], "name": ["甲", "乙"]},
        geometry=[holed, shapely.MultiPolygon([cell(4, 0), cell(6, 0)])],
        crs=4326,
    )
    spots = [(0.5, 0.5), (1.5, 1.5), (4.5, 0.5), (6.5, 0.5), (5.5, 0.5), (9, 9)]
    found = ask(
        page,
        """const shapes = new yiping.documents.Shapes(bytes(it.body));
        const code = ([lon, lat]) => (shapes.hit("region", lon, lat) || { code: null }).code;
        return it.spots.map(code);""",
        body=encode({"region": frame}, FINE),
        spots=[(WEST + x * CELL, SOUTH + y * CELL) for x, y in spots],
    )
    assert found == ["a", None, "b", "b", None, None]


def test_every_border_is_in_one_level_and_the_mask_leaves_the_region_out(
    page: Any, lived: Store
) -> None:
    said = ask(
        page,
        """const shapes = new yiping.documents.Shapes(bytes(it.body));
        const count = ({ key }) => shapes.lines(key).rows.length;
        const lines = shapes.levels.map(count).reduce((sum, one) => sum + one, 0);
        const [world] = shapes.mask("t1").rows;
        const segments = shapes.segments("grid").data;
        return [lines, shapes.arcs.ranks.length, world.holeIndices.length, segments.length,
          segments.attributes.getSourcePosition.value.length];""",
        body=document(lived, ALL, CHAIN_FINE).body,
    )
    lines, arcs, holes, segments, numbers = said
    assert lines == arcs
    assert holes == 1
    assert numbers == 3 * segments > 0


def test_a_building_on_an_edge_is_drawn_once(page: Any, tmp_path: Path) -> None:
    store = make_small_city(tmp_path / "city.gpkg")
    edge = WEST + 3 * CELL
    x = int(tiles.to_square(np.array([[edge, SOUTH]]))[0, 0] * 2**16)
    edge = x / 2**16 * 360 - 180
    rows = [
        shapely.box(edge - 3e-4, SOUTH + CELL, edge + 1e-4, SOUTH + CELL + 1e-4),
        shapely.box(edge - 1e-4, SOUTH + CELL + 2e-4, edge + 3e-4, SOUTH + CELL + 3e-4),
    ]
    frame = gpd.GeoDataFrame(
        {"code": ["l", "r"], "name": ["左", "右"], "region_code": "t1g0", "floors": [3, 9]},
        geometry=rows,
        crs=4326,
    )
    write_layer(store, "places/hut", frame, "test", AT)
    y = int(tiles.to_square(np.array([[edge, SOUTH + CELL]]))[0, 1] * 2**16)
    bodies = [tiles.tile(store, ALL, "place-hut", 16, column, y).body for column in (x - 1, x)]
    store.close()
    assert all(bodies)
    drawn = ask(
        page,
        """return [it.left, it.right].map((body) => { const tile = yiping.mvt.decode(bytes(body));
          return tile.codes.map((code, i) => [code, tile.names[i], tile.floors[i]]); });""",
        left=gzip.decompress(bodies[0] or b""),
        right=gzip.decompress(bodies[1] or b""),
    )
    assert drawn == [[["l", "左", 3]], [["r", "右", 9]]]


def incidents(page: Any, store: Store, code: str, **given: object) -> Any:
    """Run ``code`` with ``cases``, the incidents of the store."""
    words = {"progress": [progress(one) for one in STAGES], "stageKeys": list(STAGES)}
    body = incident_buffer(store, ALL, NOON + hours(12), DAY)
    start = "const cases = new yiping.points.Incidents(bytes(it.body), it.words);"
    return ask(page, start + code, body=body, words=words, **given)


def test_every_open_case_is_counted_in_one_sign_at_every_zoom(page: Any, lived: Store) -> None:
    open_cases, counts = incidents(
        page,
        lived,
        """let open = 0; for (let i = 0; i < cases.length; i++) open += cases.isOpen(i) ? 1 : 0;
        const anchors = [0, 1, 2].map((i) => ({ lon: 121.2 + i / 50, lat: 31, code: `t${i}` }));
        const count = (zoom, at) => yiping.cluster.signs(cases, zoom, () => true, at)
          .reduce((sum, s) => sum + (s.rows ? s.rows.length : cases.isOpen(s.row) ? 1 : 0), 0);
        const zooms = [6, 8, 10, 11.5, 12, 13, 13.75, 14, 17];
        return [open, zooms.map((zoom) => count(zoom, null)).concat(count(10, anchors))];""",
    )
    assert open_cases > 0
    assert counts == [open_cases] * len(counts)


def test_a_change_is_taken_in_and_a_new_case_is_told(page: Any, lived: Store) -> None:
    lon, lat = middle("t1g0")
    said = {"lon": lon, "lat": lat, "severity": 1, "overdue": True, "reported_at": str(AT)}
    before, after, fresh, row = incidents(
        page,
        lived,
        """const before = cases.length;
        const known = { ...it.said, id: cases.id[0], stage: "closed", new: false };
        const fresh = cases.merge([known, { ...it.said, id: 999, stage: "found", new: true },
          { id: 1000, lon: null, lat: null }], () => 1);
        const i = cases.rows.get(999);
        return [before, cases.length, fresh, [cases.severity[i], cases.progress(i), cases.area[i],
          cases.isOpen(cases.rows.get(known.id))]];""",
        said=said,
    )
    assert after == before + 1
    assert fresh == [before]
    assert row == [1, 0, 1, False]


def test_readings_change_signs_in_place(page: Any, lived: Store) -> None:
    said = ask(
        page,
        """const sensors = new yiping.points.Sensors(bytes(it.body));
        sensors.setStates(new Uint8Array(sensors.length)); const calm = sensors.marks.length;
        const [fid] = [...sensors.rows.keys()];
        const changed = sensors.merge([[fid, 1.5, 2], [fid, 1.6, 2], [12345, 1, 2]]);
        const alarms = sensors.marks.length; sensors.setCalm(0);
        const value = sensors.value.get(sensors.rows.get(fid));
        return [calm, changed, alarms, sensors.marks.length, value];""",
        body=sensor_buffer(lived, ALL, NOON + hours(12)),
    )
    assert said == [0, 1, 1, 6, 1.6]


def test_the_gpu_is_handed_what_is_drawn_and_no_more(page: Any, lived: Store) -> None:
    said = ask(
        page,
        """const sensors = new yiping.points.Sensors(bytes(it.body));
        const told = () => {
          const { length, attributes } = sensors.marks.data();
          return [length, ...Object.values(attributes).map(({ value, size }) =>
            [value.length / size, value.buffer.byteLength / 4 / size])];
        };
        sensors.setStates(Uint8Array.from([2, 0, 1, 0, 2, 3]));
        const seen = [2, 1, 0].map((calm) => { sensors.setCalm(calm); return told(); });
        sensors.merge([[[...sensors.rows.keys()][1], 1, 2]]);
        return [...seen, told()];""",
        body=sensor_buffer(lived, ALL, NOON + hours(12)),
    )
    counts = [2, 3, 6, 6]
    for count, (length, *attributes) in zip(counts, said, strict=True):
        assert length == count
        assert attributes == [[count, 6]] * 3
