"""Tiles over HTTP out of PostGIS, beside tipg on the same database and the same 3857 column.

200 fixed tiles, asked for by a process of its own over eight connections. A cold request makes
its tile; a cached one is the same request again. tipg keeps no tiles, so its second round is the
first one over again. Both compress with gzip; both have told their table apart before.
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread

import mapbox_vector_tile
import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from geo_data import tiles
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from geo_data.tiles.projection import LAST_ZOOM, Spot, spots_over
from tests.bench.clock import cpu_s, family, spending
from tests.bench.footprint_city import city_of, write_city
from tests.postgis_server import PostgisServer
from tests.serving import Served, free_port

FOOTPRINTS = 200_000
LAYER = "place-building"
PROPERTIES = ("code", "name", "floors", "use")
ZOOMS = (14, 15, 16)
TILES = 200
CONNECTIONS = 8
ROUNDS = 3
ALL = Scope.everything()


@dataclass(frozen=True, slots=True)
class Round:
    """One round over the tiles: requests a second, latencies, processor seconds, what came."""

    per_s: float
    p50_ms: float
    p95_ms: float
    server_s: float
    database_s: float
    bodies: dict[str, bytes]


def main(arguments: list[str]) -> None:
    """Run; ``--tipg PYTHON`` names an interpreter that has tipg, else one is installed."""
    if arguments[:1] == ["app"]:
        return _app(arguments[1], int(arguments[2]))
    if arguments[:1] == ["ask"]:
        return _ask(int(arguments[1]), Path(arguments[2]), Path(arguments[3]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tipg = arguments[1] if arguments[:1] == ["--tipg"] else _installed(folder / "tipg")
        server = PostgisServer().start()
        try:
            url = server.url(server.fresh())
            spots, prepared_s = _prepare(url)
            ours = [f"/tiles/{LAYER}/{s.z}/{s.x}/{s.y}.mvt" for s in spots]
            theirs = [_tipg_path(s) for s in spots]
            with _running([sys.executable, "-m", "tests.bench", "serve", "app", url], {}) as (a, b):
                mine = _rounds(a, b, ours, folder)
            said = _tipg_settings(url)
            with _running(
                [tipg, "-m", "uvicorn", "tipg.main:app", "--no-access-log", "--port"], said
            ) as (a, b):
                other = _rounds(a, b, theirs, folder)
        finally:
            server.stop()
    _report(spots, (ours, mine), (theirs, other), prepared_s)
    return None


# ---- What is served


def _prepare(url: str) -> tuple[list[Spot], float]:
    """Fill the store; return the tiles and what its own tile tables took to make."""
    store = open_store(url, city_of(FOOTPRINTS), create=True)
    write_city(store, FOOTPRINTS)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE yiping.places")
    begun = time.perf_counter()
    tiles.prepare(store, ALL, LAYER)
    took = time.perf_counter() - begun
    found = _spots(store)
    store.close()
    return found, took


def _spots(store: Store) -> list[Spot]:
    random = np.random.default_rng(14)
    west, south, east, north = store.city.bbox
    chosen: list[Spot] = []
    for number, z in enumerate(ZOOMS):
        columns, rows = spots_over((west, south, east, north), z)
        every = [Spot(z, x, y) for x in columns for y in rows]
        share = TILES // len(ZOOMS) + (number < TILES % len(ZOOMS))
        chosen += [every[at] for at in random.choice(len(every), share, replace=False)]
    return chosen


def _app(url: str, port: int) -> None:
    """Serve the store as the product does, with one worker."""
    store = open_store(url)
    with tempfile.TemporaryDirectory() as folder:
        served = Served(store, Settings(data_dir=Path(folder), simulator_rate=0))
        served.port = port
        served.start()
        while True:
            time.sleep(60)


def _installed(folder: Path) -> str:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "tipg", "uvicorn[standard]"], check=True)
    return str(python)


def _tipg_settings(url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url.replace("+psycopg", ""),
        "TIPG_DB_SCHEMAS": '["yiping"]',
        "TIPG_DB_TABLES": '["yiping.places"]',
        "TIPG_MAX_FEATURES_PER_TILE": "1000000",
        "TIPG_CATALOG_TTL": "86400",
    }


def _tipg_path(spot: Spot) -> str:
    wanted = f"geom-column=geom_3857&properties={','.join(PROPERTIES)}"
    place = f"{spot.z}/{spot.x}/{spot.y}"
    return f"/collections/yiping.places/tiles/WebMercatorQuad/{place}?{wanted}"


@contextmanager
def _running(command: Sequence[str], given: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Start a server; give its port and process once it answers."""
    port = free_port()
    process = subprocess.Popen([*command, str(port)], env={**os.environ, **given})
    try:
        deadline = time.monotonic() + 120
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} did not start")
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


# ---- Who asks


def _rounds(port: int, process: int, paths: list[str], folder: Path) -> list[Round]:
    """One cold round and some cached ones, after a few tiles of a zoom that is not asked for."""
    before = sorted({_above(path) for path in paths if f"/{ZOOMS[0]}/" in path})[: 2 * CONNECTIONS]
    _round(port, process, before, folder)
    return [_round(port, process, paths, folder) for _ in range(1 + ROUNDS)]


def _above(path: str) -> str:
    """The tile one zoom above."""

    def halved(found: re.Match[str]) -> str:
        z, x, y = map(int, found.groups())
        return f"/{z - 1}/{x // 2}/{y // 2}"

    return re.sub(r"/(\d+)/(\d+)/(\d+)", halved, path, count=1)


def _round(port: int, process: int, paths: list[str], folder: Path) -> Round:
    asked, told = folder / "paths.json", folder / "told.json"
    asked.write_text(json.dumps(paths))
    postgres = _postgres()
    me = [sys.executable, "-m", "tests.bench", "serve", "ask", str(port), str(asked), str(told)]
    before = _database_s(postgres)
    with spending(*family(process)) as spent:
        subprocess.run(me, check=True)
    database = _database_s(postgres) - before
    found = json.loads(told.read_text())
    p50, p95 = np.percentile(found["ms"], [50, 95]).tolist()
    bodies = {path: bytes.fromhex(body) for path, body in found["bodies"].items()}
    return Round(len(paths) / found["wall"], p50, p95, spent.cpu, database, bodies)


def _postgres() -> int:
    """Number of the cluster's first process."""
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    for child in map(int, mine):
        if "postgres" in Path(f"/proc/{child}/cmdline").read_text().split("\0")[0]:
            return child
    raise RuntimeError("no PostgreSQL among the children")


def _database_s(process: int) -> float:
    return sum(cpu_s(one) for one in family(process))


def _ask(port: int, paths: Path, out: Path) -> None:
    """Ask for every path once over several connections; leaves latencies and bodies."""
    queue: SimpleQueue[str] = SimpleQueue()
    for path in json.loads(paths.read_text()):
        queue.put(path)
    took: list[float] = []
    bodies: dict[str, str] = {}
    lock = Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            try:
                path = queue.get_nowait()
            except Empty:
                return
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            ms = (time.perf_counter() - begun) * 1000
            if answer.status not in (200, 204):
                raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
            if body and answer.headers["Content-Encoding"] != "gzip":
                raise RuntimeError(f"{path}: not compressed")
            with lock:
                took.append(ms)
                bodies[path] = body.hex()

    threads = [Thread(target=work) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - begun
    out.write_text(json.dumps({"ms": took, "wall": wall, "bodies": bodies}))


# ---- What is said of it


def _content(body: bytes) -> tuple[set[str], int]:
    """Codes of the features drawn, and how many are counted instead."""
    if not body:
        return set(), 0
    layers = mapbox_vector_tile.decode(gzip.decompress(body))
    drawn, counted = set(), 0
    for name, layer in layers.items():
        if name.endswith("-density"):
            counted += sum(feature["properties"]["count"] for feature in layer["features"])
        else:
            drawn |= {feature["properties"]["code"] for feature in layer["features"]}
    return drawn, counted


def _same(
    spots: list[Spot], ours: tuple[list[str], list[Round]], theirs: tuple[list[str], list[Round]]
) -> dict[int, tuple[int, int, int, int]]:
    """Per zoom: features of both, those only one has, those that we count instead."""
    found: dict[int, tuple[int, int, int, int]] = {}
    for spot, mine, other in zip(spots, ours[0], theirs[0], strict=True):
        drawn, counted = _content(ours[1][0].bodies[mine])
        known, _ = _content(theirs[1][0].bodies[other])
        new = len(drawn & known), len(drawn - known), len(known - drawn), counted
        before = found.get(spot.z, (0, 0, 0, 0))
        found[spot.z] = tuple(a + b for a, b in zip(before, new, strict=True))  # type: ignore[assignment]
    return found


def _report(
    spots: list[Spot],
    ours: tuple[list[str], list[Round]],
    theirs: tuple[list[str], list[Round]],
    prepared_s: float,
) -> None:
    table = Table("", "requests/s", "p50 ms", "p95 ms", "server CPU s", "PostgreSQL CPU s", "bytes")
    rows = {
        "ours, cold": ours[1][0],
        "ours, cached": _median(ours[1][1:]),
        "tipg, first": theirs[1][0],
        "tipg, again": _median(theirs[1][1:]),
    }
    for name, one in rows.items():
        size = sum(map(len, one.bodies.values()))
        figures = (one.per_s, one.p50_ms, one.p95_ms, one.server_s, one.database_s)
        table.add_row(name, *(f"{figure:.2f}" for figure in figures), f"{size:,}")
    console = Console(width=110)
    console.print(table)
    console.print(f"Our tile table of {FOOTPRINTS:,} footprints was made in {prepared_s:.1f} s.")
    for z, (both, mine, other, counted) in _same(spots, ours, theirs).items():
        console.print(
            f"z{z} of {LAST_ZOOM}: {both:,} features of both, {mine} only ours, {other:,} only "
            f"tipg's, where we count {counted:,} as under a pixel"
        )
    cold = rows["ours, cold"].per_s / rows["tipg, first"].per_s
    cached = rows["ours, cached"].per_s / rows["tipg, again"].per_s
    print(f"RESULT bench=serve cold_vs_tipg={cold:.2f} cached_vs_tipg={cached:.2f}")


def _median(rounds: list[Round]) -> Round:
    return sorted(rounds, key=lambda one: one.per_s)[len(rounds) // 2]
