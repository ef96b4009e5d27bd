"""A situation map on A3 beside what a user would write and what a GIS does: time and memory.

200,000 footprints, 4,000 grids, 3,000 incidents and names. Every way is a process of its own that
starts, reads a GeoPackage and writes one file; all that it spends is counted, the import of its
libraries too. The user's way is ``geopandas.plot``; the GIS is QGIS' own layout exporter. Both
read a plain file of four layers and draw the same footprints, shaded grids, borders and points,
with neither legend nor foot: that is less than ours draws.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from geo_data import queries
from geo_data.dictionaries import categories, channels
from geo_data.ingest.bulk import bulk_load
from geo_data.records import Scope
from geo_data.store import Store, open_store
from indicators import windows
from tests.bench.footprint_city import city_of, write_city
from tests.bench.print_own import NOW

FOOTPRINTS, CASES = 200_000, 3_000
MOST_CPU_S = 180
"""A peer that takes longer is stopped: what is told of it is then less than it takes."""
SYSTEM_PYTHON = "/usr/bin/python3"
NOTES = """CPU: user and system time of the whole process. Memory: its peak. RESULT: naive and QGIS
divided by ours, PDF by PDF; a peer that is not installed: none; ≥ where it was stopped.
atlas_rss_pct: by how much the memory in use has grown from page 3 to page 17 of the atlas."""
ATLAS_PAGES = 3, 17


@dataclass(frozen=True, slots=True)
class Spent:
    """What one way cost, and how large its file is."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    file_mb: float
    is_whole: bool = True


def main(arguments: list[str]) -> None:
    """Run; ``--keep FOLDER`` keeps the city and the maps."""
    told = argparse.ArgumentParser(prog="python -m tests.bench print")
    told.add_argument("--keep", type=Path)
    given = told.parse_args(arguments)
    with tempfile.TemporaryDirectory() as throw_away:
        folder = given.keep or Path(throw_away)
        folder.mkdir(parents=True, exist_ok=True)
        report(measured(folder), held(folder))


def held(folder: Path) -> dict[int, float]:
    """Return what the atlas held after each page, in MB."""
    told = json.loads((folder / "atlas.json").read_text())
    return {int(page): mb for page, mb in told.items()}


def measured(folder: Path) -> dict[str, Spent]:
    """Draw the map each way there is."""
    path = folder / "print-city.gpkg"
    town = make(path)
    found = {}
    for name, region, ending in (
        ("ours, PDF", "fp", "pdf"),
        ("ours, PNG of 300 dpi", "fp", "png"),
        ("ours, one town, PDF", town, "pdf"),
    ):
        out = folder / f"ours-{region}.{ending}"
        asked = [sys.executable, "-m", "tests.bench.print_own", str(path), region, str(out)]
        found[name] = spent(name, asked, out)
    out = folder / "atlas.pdf"
    asked = [sys.executable, "-m", "tests.bench.print_atlas", str(path), str(out)]
    found["atlas"] = spent("ours, an atlas of every town, PDF", asked, out)
    plain = plain_layers(path)
    beside = Path(__file__).with_name("print_peers.py")
    if find_spec("matplotlib"):
        out = folder / "naive.pdf"
        asked = [sys.executable, str(beside), "naive", str(plain), str(out)]
        found["naive"] = spent("geopandas.plot, PDF", asked, out)
    if has_qgis():
        out = folder / "qgis.pdf"
        asked = [SYSTEM_PYTHON, str(beside), "qgis", str(plain), str(out)]
        found["qgis"] = spent("QGIS layout, PDF", asked, out)
    return found


def has_qgis() -> bool:
    """Whether the machine's own Python has QGIS."""
    if not Path(SYSTEM_PYTHON).exists():
        return False
    asked = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def spent(name: str, command: list[str], out: Path) -> Spent:
    """Run a command and return what it cost; it must have written ``out``, or have run too long."""
    out.unlink(missing_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    if command[0] == SYSTEM_PYTHON:
        environment.pop("PYTHONPATH", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.DEVNULL, preexec_fn=_limited
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == -signal.SIGXCPU:
        return Spent(name, wall, MOST_CPU_S, used.ru_maxrss / 1024, 0.0, is_whole=False)
    if process.returncode or not out.exists():
        raise RuntimeError(f"{name} ended with {process.returncode}")
    cpu = used.ru_utime + used.ru_stime
    return Spent(name, wall, cpu, used.ru_maxrss / 1024, out.stat().st_size / 1e6)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S + 10))


def report(found: dict[str, Spent], atlas: dict[int, float]) -> None:
    """Print them beside each other."""
    table = Table("", "wall, s", "CPU, s", "peak, MB", "file, MB", caption=NOTES)
    for one in found.values():
        spent_s = (f"{_least(one)}{number:,.2f}" for number in (one.wall_s, one.cpu_s))
        table.add_row(one.name, *spent_s, f"{one.peak_mb:,.0f}", f"{one.file_mb:,.2f}")
    Console().print(table)
    ours = found["ours, PDF"]
    naive, qgis = found.get("naive"), found.get("qgis")
    vs_naive = f"{_least(naive)}{naive.cpu_s / ours.cpu_s:.1f}" if naive else "none"
    cpu_vs_qgis = f"{_least(qgis)}{qgis.cpu_s / ours.cpu_s:.2f}" if qgis else "none"
    wall_vs_qgis = f"{_least(qgis)}{qgis.wall_s / ours.wall_s:.2f}" if qgis else "none"
    town = found["ours, one town, PDF"].cpu_s
    early, late = (atlas[page] for page in ATLAS_PAGES)
    print(f"atlas of {max(atlas)} pages: {early:.0f} MB after page 3, {late:.0f} after page 17")
    print(
        f"RESULT bench=print cpu_vs_naive={vs_naive} cpu_vs_qgis={cpu_vs_qgis} "
        f"wall_vs_qgis={wall_vs_qgis} town_cpu_s={town:.2f} "
        f"atlas_rss_pct={100 * (late - early) / early:.1f}"
    )


def _least(one: Spent) -> str:
    return "" if one.is_whole else "≥"


def make(path: Path) -> str:
    """Make the city where there is none, and return the code of a town in its midst."""
    if not path.exists():
        half = path.with_suffix(".half.gpkg")
        half.unlink(missing_ok=True)
        store = open_store(half, city_of(FOOTPRINTS), create=True)
        write_city(store, FOOTPRINTS)
        bulk_load(store, *_cases(store), NOW)
        store.close()
        half.rename(path)
    store = open_store(path)
    towns = queries.region_tree(store, Scope()).codes_at("town")
    store.close()
    return towns[len(towns) // 2]


def plain_layers(path: Path) -> Path:
    """Write what the peers draw as layers of their own, cases counted per grid."""
    plain = path.with_name("print-layers.gpkg")
    if plain.exists():
        return plain
    store, scope = open_store(path), Scope()
    window = windows.window("7d", NOW, store.city.zone)
    points = queries.open_incident_points(store, scope, NOW, window)
    counts = pd.Series(points.region_codes).value_counts()
    grids = queries.region_shapes(store, scope, "grid")
    places = gpd.points_from_xy(points.lon, points.lat)
    frames = {
        "grid": grids.assign(cases=grids["code"].map(counts).fillna(0).astype(int)),
        "building": queries.places(store, scope, ["building"], columns=("code", "name")),
        "town": queries.region_shapes(store, scope, "town"),
        "incident": gpd.GeoDataFrame({"severity": points.severity}, geometry=places, crs=4326),
    }
    store.close()
    for name, frame in frames.items():
        frame.to_file(plain, layer=name)
    return plain


def _cases(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return open cases of a week all over the city."""
    random = np.random.default_rng(9)
    west, south, east, north = store.city.bbox
    age_s = random.integers(60, 7 * 86_400, CASES)
    reported = pd.Timestamp(NOW) - pd.to_timedelta(age_s, "s")
    names = [f"bench-{row:05}" for row in range(CASES)]
    cases = pd.DataFrame(
        {
            "source": "bench",
            "source_id": names,
            "code": names,
            "title": "bench",
            "channel": random.choice(list(channels()), CASES),
            "category": random.choice(list(categories()), CASES),
            "severity": random.choice([1, 2, 3, 4], CASES, p=[0.01, 0.04, 0.15, 0.8]),
            "happened_at": reported - timedelta(minutes=5),
            "reported_at": reported,
            "lon": random.uniform(west, east, CASES),
            "lat": random.uniform(south, north, CASES),
        }
    )
    found = {"incident": np.arange(CASES), "stage": "found", "happened_at": reported}
    return cases, pd.DataFrame(found)
