"""What it costs a browser until the district is drawn: bytes, requests, main-thread CPU."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from playwright.sync_api import BrowserContext, sync_playwright
from rich.console import Console
from rich.table import Table

from dashboard.context import Context
from geo_data import queries
from geo_data.settings import Settings
from geo_data.store import open_store
from tests.bench.cities import demo_city
from tests.bench.drill import drill
from tests.chromium import CHROMIUM, FLAGS
from tests.serving import Served

DRAWN = """() => document.documentElement.dataset.mapDrawn === "1"
    && document.querySelectorAll(".vital").length > 0
    && document.querySelectorAll(".rank").length > 0
    && document.querySelectorAll(".bars img").length > 0"""


@dataclass
class Visit:
    """One visit: until everything of the first view stands."""

    bytes: int
    requests: int
    cpu_s: float
    script_s: float
    wall_s: float
    by_kind: dict[str, int]


def visit(context: BrowserContext, url: str) -> Visit:
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("Network.enable")
    # Thread time, not wall time: a busy machine must not look like a slow page.
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    kinds: dict[str, str] = {}
    sent: dict[str, int] = {}
    count = [0]

    def asked(event: dict[str, object]) -> None:
        count[0] += 1
        kinds[str(event["requestId"])] = str(event.get("type"))

    def cached(event: dict[str, object]) -> None:
        count[0] -= 1

    def loaded(event: dict[str, object]) -> None:
        kind = kinds.get(str(event["requestId"]), "?")
        sent[kind] = sent.get(kind, 0) + int(str(event["encodedDataLength"]).split(".")[0])

    cdp.on("Network.requestWillBeSent", asked)
    cdp.on("Network.requestServedFromCache", cached)
    cdp.on("Network.loadingFinished", loaded)
    begun = time.perf_counter()
    page.goto(url)
    page.wait_for_function(DRAWN, timeout=60_000, polling=50)
    wall = time.perf_counter() - begun
    metrics = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    page.wait_for_timeout(1500)  # let V8 write its code cache, as a page left open would
    page.close()
    return Visit(
        sum(sent.values()), count[0], metrics["TaskDuration"], metrics["ScriptDuration"], wall, sent
    )


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = demo_city(Path(folder))
        store = open_store(path)
        settings = Settings(data_dir=Path(folder), simulator_rate=0)
        served = Served(store, settings).start()
        server = server_times(Context(settings, store, lambda: datetime.now(UTC)))
        visits: dict[str, list[Visit]] = {}
        with sync_playwright() as playwright:
            for page in ("/", "/wall"):
                profile = Path(folder) / f"profile{len(visits)}"
                context = playwright.chromium.launch_persistent_context(
                    profile,
                    executable_path=CHROMIUM,
                    args=FLAGS,
                    viewport={"width": 1920, "height": 1080},
                )
                visits[page] = [visit(context, served.url + page) for _ in range(4)]
                context.close()
        served.stop()
        _print(visits, server)
        store.close()


def server_times(context: Context) -> dict[str, dict[str, float]]:
    """Milliseconds of each panel's answer at each level: the median of nine."""
    tree = queries.region_tree(context.store, context.scope)
    town = tree.children(tree.root.code)[0]
    places = queries.places(context.store, context.scope, ["residential"], town.code)
    place = places.iloc[len(places) // 2]
    asked = {
        "district": "?",
        "town": f"?region={town.code}",
        "grid": f"?region={place.region_code}",
        "object": f"?region={place.region_code}&object=place:{place.code}",
    }
    found: dict[str, dict[str, float]] = {}
    for level, query in asked.items():
        drill(context, query)
        took = [drill(context, query) for _ in range(9)]
        found[level] = {part: float(np.median([one[part] for one in took])) for part in took[0]}
    return found


def _print(visits: dict[str, list[Visit]], server: dict[str, dict[str, float]]) -> None:
    answers = Table("server ms, median", *server)
    for part in server["district"]:
        answers.add_row(part, *(f"{took[part]:.1f}" for took in server.values()))
    Console().print(answers)
    table = Table("page", "visit", "bytes", "requests", "main-thread CPU s", "script s", "wall s")
    for page, found in visits.items():
        for index, one in enumerate(found):
            table.add_row(
                page,
                str(index + 1),
                f"{one.bytes:,}",
                str(one.requests),
                f"{one.cpu_s:.2f}",
                f"{one.script_s:.2f}",
                f"{one.wall_s:.2f}",
            )
    Console().print(table)
    print("first visit, bytes by kind:", visits["/"][0].by_kind)
    first, later = visits["/"][0], visits["/"][3]
    print(f"at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; return visit = the fourth of one profile")
    print(
        f"RESULT bench=first-screen first_bytes={first.bytes} first_cpu_s={first.cpu_s:.2f} "
        f"return_bytes={later.bytes} return_cpu_s={later.cpu_s:.2f} requests={first.requests}"
    )
