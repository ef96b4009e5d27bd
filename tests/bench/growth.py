"""What grows when a city does: import, a tile, a drill, memory, at a constant density.

Every size is measured in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from dashboard.context import Context
from geo_data import queries, tiles
from geo_data.dictionaries import categories, channels
from geo_data.ingest.bulk import bulk_load
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store
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
CHUNK = 250_000
HELD = ("import s", "tile ms", "drill p50 ms", "drill p95 ms", "memory MB", "file MB")


def main(arguments: list[str]) -> None:
    """Run; ``--largest small|middle|large`` ends early, ``measure SIZE`` is one process."""
    if arguments[:1] == ["measure"]:
        print(json.dumps(measure(*SIZES[arguments[1]])))
        return
    largest = arguments[1] if arguments[:1] == ["--largest"] else "large"
    sizes = list(SIZES)[: list(SIZES).index(largest) + 1]
    found = {size: _measured(size) for size in sizes}
    table = Table("", *(f"{a:,} footprints\n{b:,} cases" for a, b in map(SIZES.get, sizes) if a))
    for name in HELD:
        table.add_row(name, *(f"{found[size][name]:,.1f}" for size in sizes))
    Console().print(table)
    first, last = found[sizes[0]], found[sizes[-1]]
    ratio = {name: last[name] / first[name] for name in HELD}
    print(
        f"RESULT bench=growth tile={ratio['tile ms']:.2f} drill={ratio['drill p50 ms']:.2f} "
        f"rss={ratio['memory MB']:.2f}"
    )


def _measured(size: str) -> dict[str, float]:
    me = [sys.executable, "-m", "tests.bench", "growth", "measure", size]
    done = subprocess.run(me, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(footprints: int, cases: int) -> dict[str, float]:
    """Make the city, ask it, and say what that took."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "city.gpkg"
        begun = time.perf_counter()
        _make(path, footprints, cases, now)
        imported = time.perf_counter() - begun
        size = path.stat().st_size / 2**20
        # Asked in a process that did not make it: what making held is none of its memory.
        asked = [sys.executable, "-c", f"from tests.bench.growth import ask; ask({str(path)!r})"]
        done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
        return {"import s": imported, "file MB": size, **json.loads(done.stdout.splitlines()[-1])}


def _make(path: Path, footprints: int, cases: int, now: datetime) -> None:
    store = open_store(path, city_of(footprints), create=True)
    write_city(store, footprints)
    for number, start in enumerate(range(0, cases, CHUNK)):
        incidents, stages = _year(store, min(CHUNK, cases - start), number, now)
        bulk_load(store, incidents, stages, now)
    store.close()


def _year(store: Store, n: int, number: int, now: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cases all over the city and the year; those of the last days are partly open."""
    random = np.random.default_rng(100 + number)
    west, south, east, north = store.city.bbox
    age_s = random.integers(60, 365 * 86_400, n)
    reported = pd.Timestamp(now).floor("ms") - pd.to_timedelta(age_s, "s")
    names = [f"bench-{number}-{row}" for row in range(n)]
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


def ask(path: str) -> None:
    """Ask a finished city as a server's process does; print what it took as JSON."""
    store = open_store(Path(path))
    folder = Path(path).parent
    context = Context(Settings(data_dir=folder), store, lambda: datetime.now(UTC))
    took = {**_tiles(store), **_drills(context)}
    took["memory MB"] = _own_memory_mb()
    print(json.dumps(took))
    store.close()


def _own_memory_mb() -> float:
    """Memory of this process alone: pages of the store's file are the system's to give and take."""
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    said = dict(row.split(":", 1) for row in rows if ":" in row[:24])
    return int(said["Anonymous"].split()[0]) / 1024


def _tiles(store: Store) -> dict[str, float]:
    tiles.prepare(store, Scope.everything(), "place-building")
    west, south, east, north = store.city.bbox
    corners = np.array([[west, north], [east, south]])
    (x0, y0), (x1, y1) = (tiles.to_square(corners) * 2**ZOOM).astype(int).tolist()
    # Whole tiles only, or a small city's would be half empty; each once, or memory answers.
    spots = [(x, y) for x in range(x0 + 1, x1) for y in range(y0 + 1, y1)]
    np.random.default_rng(5).shuffle(spots)
    took = []
    for x, y in spots[:TILES]:
        begun = time.perf_counter()
        made = tiles.tile(store, Scope.everything(), "place-building", ZOOM, x, y)
        took.append((time.perf_counter() - begun) * 1000 if made.body else np.nan)
    return {"tile ms": float(np.nanmedian(took))}


def _drills(context: Context) -> dict[str, float]:
    asked = queries_of(context.store, DRILLS)
    queries.search(context.store, Scope.everything(), "0", limit=1)
    drill(context, asked[0])
    took = [drill(context, query)["all"] for query in asked]
    p50, p95 = np.percentile(took, [50, 95])
    return {"drill p50 ms": float(p50), "drill p95 ms": float(p95)}
