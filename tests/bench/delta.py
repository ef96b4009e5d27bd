"""What a live change costs the page: main-thread CPU of 500 changes among 50,000 points.

The product's page with its own map script before a city of 50,000 sensors. Changes are handed to
the map as the live stream does, a frame is awaited after each; what the page does in the same time
without changes is taken off. Thread time, not wall time. Far away only alarms are drawn, near by
all; the figure is the worse of both.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import CDPSession, Page, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from geo_data.ingest import Reading, apply
from geo_data.settings import Settings
from geo_data.store import Store, open_store, write_layer
from tests.bench.cities import demo_city
from tests.chromium import CHROMIUM, FLAGS
from tests.serving import Served

POINTS, CHANGES, UPDATES = 50_000, 500, 40
CHUNK = 10_000
READY = """() => document.documentElement.dataset.mapDrawn === "1"
    && window.yiping.map.debug.state.sensors
    && window.yiping.map.debug.state.sensors.length >= %d"""
RUN = """async ([updates, changes, works]) => {
    const { map } = window.yiping;
    const { sensors } = map.debug.state;
    const known = [...sensors.rows.keys()];
    const frame = () => new Promise((resume) => requestAnimationFrame(() => setTimeout(resume)));
    let script = 0;
    for (let turn = 0; turn < updates; turn++) {
        const readings = [];
        for (let n = 0; works && n < changes; n++) {
            const fid = known[Math.floor(Math.random() * known.length)];
            readings.push([fid, Math.random(), Math.floor(Math.random() * 3)]);
        }
        const begun = performance.now();
        if (works) map.merge({ cursor: 0, incidents: [], readings, layers: {} });
        script += performance.now() - begun;
        await frame();
        await frame();
        await new Promise((resume) => setTimeout(resume, 100));
    }
    return [script / updates, sensors.marks.length];
}"""


def main(arguments: list[str]) -> None:
    """Run; takes no arguments."""
    table = Table("view", "points", "drawn", "CPU ms an update", "of it script ms", "idle ms")
    worst = 0.0
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        store = open_store(demo_city(Path(name)))
        _many_sensors(store)
        served = Served(store, Settings(data_dir=Path(name), simulator_rate=0)).start()
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        for view, address in _views(store).items():
            page.goto(served.url + address)
            page.wait_for_function(READY % POINTS, timeout=120_000)
            page.wait_for_timeout(5_000)
            cpu, script, idle, drawn = _measure(page)
            worst = max(worst, cpu)
            figures = (f"{cpu:.1f}", f"{script:.1f}", f"{idle:.1f}")
            table.add_row(view, f"{POINTS:,}", f"{drawn:,}", *figures)
        chromium.close()
        served.stop()
        store.close()
    Console().print(table)
    print(f"RESULT bench=delta cpu_ms={worst:.1f}")


def _views(store: Store) -> dict[str, str]:
    table = store.tables.regions
    towns = select(table.c.code).where(table.c.level == store.city.levels[1].key)
    with store.read() as connection:
        town = connection.scalar(towns.order_by(table.c.code))
    return {"district": "/", "town": f"/?region={town}"}


def _measure(page: Page) -> tuple[float, float, float, int]:
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(RUN, [5, CHANGES, True])
    idle, _ = _run(page, cdp, works=False)
    busy, (script, drawn) = _run(page, cdp, works=True)
    return busy - idle, script, idle, drawn


def _run(page: Page, cdp: CDPSession, works: bool) -> tuple[float, tuple[float, int]]:
    before = _task_ms(cdp)
    script, drawn = page.evaluate(RUN, [UPDATES, CHANGES, works])
    return (_task_ms(cdp) - before) / UPDATES, (float(script), int(drawn))


def _task_ms(cdp: CDPSession) -> float:
    told = {one["name"]: one["value"] for one in cdp.send("Performance.getMetrics")["metrics"]}
    return float(told["TaskDuration"]) * 1000


def _many_sensors(store: Store) -> None:
    """Put copies of the city's sensors beside them until there are enough, each with a reading."""
    table = store.tables.sensors
    columns = [column for column in table.c if column.name not in ("fid", "geom")]
    with store.read() as connection:
        rows = connection.execute(select(*columns, table.c.geom).order_by(table.c.fid)).all()
        values = dict(
            connection.execute(
                select(store.tables.readings.c.sensor_code, store.tables.readings.c.value)
            ).all()
        )
    known = pd.DataFrame([row[:-1] for row in rows], columns=[column.name for column in columns])
    turns = -(-POINTS // len(known))
    frame = pd.concat([known] * turns, ignore_index=True).iloc[:POINTS]
    original = frame["code"].to_numpy()
    frame["code"] = [f"{code}-{row // len(known)}" for row, code in enumerate(original)]
    random = np.random.default_rng(6)
    at = shapely.get_coordinates(np.array([row[-1] for row in rows]))
    spots = np.tile(at, (turns, 1))[:POINTS] + random.normal(0, 0.01, (POINTS, 2))
    now = datetime.now(UTC)
    write_layer(
        store,
        "sensors",
        gpd.GeoDataFrame(frame, geometry=shapely.points(spots), crs=4326),
        "bench",
        now,
    )
    readings = [
        Reading(code, float(values[first]), now)
        for code, first in zip(frame["code"], original, strict=True)
        if first in values
    ]
    for start in range(0, len(readings), CHUNK):
        apply(store, readings[start : start + CHUNK], now)
