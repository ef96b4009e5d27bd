"""What grows when a city does: import, a tile, a drill, memory, at a constant density.

Every size is measured in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from dashboard.context import Context
from geo_data import queries, tiles
from geo_data.dictionaries import categories, channels
from geo_data.ingest.bulk import bulk_load_parts
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.bench.clock import spending
from tests.bench.drill import drill, queries_of
from tests.bench.footprint_city import city_of, write_city

SIZES = {
    "small": (20_000, 100_000),
    "middle": (200_000, 1_000_000),
    "large": (2_000_000, 10_000_000),
}
"""Footprints and cases of a year; the city gets wider, not denser."""
DRILLS = 90
TILES, ZOOM = 60, 15
LAYER = "place-building"
CHUNK = 250_000
TILE, DRILL = "tile p50, processor ms", "drill p50, processor ms"
MEMORY, FILE = "memory of the asking process, MB", "file, MB"
NOTES = """Every size in processes of its own. RESULT compares processor time:
on a shared machine neighbours lengthen the wall clock."""
Found = dict[str, float]
MOST = 1.5
"""What a drill and a tile may cost at the last size, of what they cost at the first."""


def main(arguments: list[str]) -> None:
    """Run; ``--largest SIZE`` ends early, ``--keep FOLDER`` keeps the cities for the next run."""
    told = argparse.ArgumentParser(prog="python -m tests.bench growth")
    told.add_argument("--largest", choices=SIZES, default="large")
    told.add_argument("--keep", type=Path)
    given = told.parse_args(arguments)
    sizes = list(SIZES)[: list(SIZES).index(given.largest) + 1]
    with tempfile.TemporaryDirectory() as throw_away:
        folder = given.keep or Path(throw_away)
        folder.mkdir(parents=True, exist_ok=True)
        found = {size: _measured(folder, size) for size in sizes}
    report(found)


def report(found: dict[str, Found]) -> None:
    """Print the sizes beside each other, and how much more the last one costs than the first."""
    first, *_, last = found.values()
    heads = ("{:,} footprints\n{:,} cases".format(*SIZES[size]) for size in found)
    table = Table("", *heads, "last : first", caption=NOTES, caption_justify="left")
    # What making took is known only of the cities that were not kept from a run before.
    ratios = {name: last[name] / first[name] for name in last if name in first}
    for name in dict.fromkeys(name for one in found.values() for name in one):
        told = (f"{one[name]:,.1f}" if name in one else "" for one in found.values())
        table.add_row(name, *told, f"{ratios[name]:.2f}" if name in ratios else "")
    Console().print(table)
    costs = {"tile": ratios[TILE], "drill": ratios[DRILL]}
    for name in (name for name, ratio in costs.items() if ratio > MOST):
        print(f"{name}: more than {MOST} times the cost of the first size")
    listed = " ".join(f"{name}={ratio:.2f}" for name, ratio in costs.items())
    print(f"RESULT bench=growth {listed} rss={ratios[MEMORY]:.2f}")


def _measured(folder: Path, size: str) -> Found:
    """Make a city and ask it, each in a process of its own: what making held is none of asking."""
    path = folder / f"{size}.gpkg"
    made = {} if path.exists() else _called(f"make({str(path)!r}, *SIZES[{size!r}])")
    asked = _called(f"ask({str(path)!r})")
    return {**asked, **made, FILE: path.stat().st_size / 2**20}


def _called(what: str) -> Found:
    """Call a function of this module in a process of its own; its last line is what it found."""
    code = f"import json; from tests.bench.growth import *; print(json.dumps({what}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    print(", ".join(f"{name} {value:,.1f}" for name, value in found.items()), file=sys.stderr)
    return found


def make(name: str, footprints: int, cases: int) -> Found:
    """Make a city under another name, so that a kept one is whole."""
    path, half = Path(name), Path(name).with_suffix(".half.gpkg")
    half.unlink(missing_ok=True)
    with spending() as areas:
        store = open_store(half, city_of(footprints), create=True)
        write_city(store, footprints)
    with spending() as history:
        _load_cases(store, cases, datetime.now(UTC))
    store.close()
    half.rename(path)
    return {
        "import of footprints, processor s": areas.cpu,
        "import of footprints, s": areas.wall,
        "import of cases, processor s": history.cpu,
        "import of cases, s": history.wall,
    }


def _load_cases(store: Store, cases: int, now: datetime) -> None:
    starts = range(0, cases, CHUNK)
    parts = (_year(store, min(CHUNK, cases - at), number, now) for number, at in enumerate(starts))
    bulk_load_parts(store, parts, now)


def _year(store: Store, n: int, number: int, now: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cases all over the city and the year; those of the last days are partly open."""
    random = np.random.default_rng(100 + number)
    west, south, east, north = store.city.bbox
    age_s = random.integers(60, 365 * 86_400, n)
    reported = pd.Timestamp(now).floor("ms") - pd.to_timedelta(age_s, "s")
    # Counted up, as numbers of cases are.
    names = [f"bench-{number * CHUNK + row:08}" for row in range(n)]
    incidents = pd.DataFrame(
        {
            "source": "bench",
            "source_id": names,
            "code": names,
            "title": "bench",
            "channel": random.choice(list(channels()), n),
            "category": random.choice(list(categories()), n),
            "severity": 4,
            "happened_at": reported - timedelta(minutes=5),
            "reported_at": reported,
            "lon": random.uniform(west, east, n),
            "lat": random.uniform(south, north, n),
        }
    )
    closes = reported + pd.to_timedelta(random.integers(3_600, 4 * 86_400, n), "s")
    ended = np.flatnonzero(closes < pd.Timestamp(now))
    steps = [
        pd.DataFrame({"incident": np.arange(n), "stage": "found", "happened_at": reported}),
        pd.DataFrame({"incident": ended, "stage": "closed", "happened_at": closes[ended]}),
    ]
    return incidents, pd.concat(steps, ignore_index=True)


def ask(path: str) -> Found:
    """Ask a finished city as a server's process does; return what it took."""
    store = open_store(Path(path))
    context = Context(Settings(data_dir=Path(path).parent), store, lambda: datetime.now(UTC))
    took = {**_tiles(store), **_drills(context), MEMORY: _own_memory_mb()}
    store.close()
    return took


def _own_memory_mb() -> float:
    """Memory of this process alone: pages of the store's file are the system's to give and take."""
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    said = dict(row.split(":", 1) for row in rows if ":" in row[:24])
    return int(said["Anonymous"].split()[0]) / 1024


def _tiles(store: Store) -> Found:
    with spending() as first:
        tiles.prepare(store, Scope.everything(), LAYER)
    spots = _whole_tiles(store)
    tiles.tile(store, Scope.everything(), LAYER, ZOOM, *spots[-1])
    took = []
    for x, y in spots[:TILES]:
        with spending() as spent:
            made = tiles.tile(store, Scope.everything(), LAYER, ZOOM, x, y)
        if made.body:
            took.append((spent.cpu * 1000, spent.wall * 1000))
    cpu, wall = np.median(took, axis=0).tolist()
    return {TILE: cpu, "tile p50, ms": wall, "layer made ready for tiles, processor s": first.cpu}


def _whole_tiles(store: Store) -> list[tuple[int, int]]:
    """Return tiles that lie in the city as a whole, in a fixed disorder.

    Those of the edge are half empty, and of those a small city has more. Each is asked for once,
    or memory answers.
    """
    west, south, east, north = store.city.bbox
    corners = np.array([[west, north], [east, south]])
    (x0, y0), (x1, y1) = (tiles.to_square(corners) * 2**ZOOM).astype(int).tolist()
    spots = [(x, y) for x in range(x0 + 1, x1) for y in range(y0 + 1, y1)]
    np.random.default_rng(5).shuffle(spots)
    return spots


def _drills(context: Context) -> Found:
    asked = queries_of(context.store, DRILLS)
    queries.search(context.store, Scope.everything(), "0", limit=1)
    with spending() as first:
        drill(context, asked[0])
    took = [drill(context, query) for query in asked]
    cpu, wall = ([one[name] for one in took] for name in ("all, processor", "all"))
    return {
        DRILL: float(np.median(cpu)),
        "drill p95, processor ms": float(np.percentile(cpu, 95)),
        "drill p50, ms": float(np.median(wall)),
        "drill p95, ms": float(np.percentile(wall, 95)),
        "first drill of a process, processor s": first.cpu,
    }
