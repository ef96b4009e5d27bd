"""What grows on a wall left open: a day of the city an hour, before the program itself.

``--hours H`` may be a fraction. Looked at every minute, after the garbage was collected; the
figures compare the median of five looks after the first ten minutes with that of the last five.
``rss`` is all of the program's memory as the system counts it; ``own`` the program's alone,
``store`` the mapped pages of its files, ``code`` those of programs and libraries.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import CDPSession, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from tests.app_process import AppProcess
from tests.chromium import CHROMIUM, FLAGS

SPEED = 24
LOOK_S = 60.0
SETTLED_MIN = 10
COMPARED = 5
DRAWN = "() => document.documentElement.dataset.mapDrawn === '1'"
COUNT_CONTEXTS = """
window.webgl = { made: 0, lost: 0 };
const getContext = HTMLCanvasElement.prototype.getContext;
const seen = new WeakSet();
HTMLCanvasElement.prototype.getContext = function (kind, ...given) {
    const context = getContext.call(this, kind, ...given);
    if (context && String(kind).startsWith("webgl") && !seen.has(context)) {
        seen.add(context);
        window.webgl.made += 1;
        this.addEventListener("webglcontextlost", () => { window.webgl.lost += 1; });
    }
    return context;
};
"""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything that could grow; memory in MiB."""

    minute: float
    heap: float
    nodes: int
    listeners: int
    contexts: int
    contexts_lost: int
    rss: float
    own: float
    store: float
    code: float
    cursor: int


def main(arguments: list[str]) -> None:
    """Run for so many hours."""
    parser = argparse.ArgumentParser("soak")
    parser.add_argument("--hours", type=float, default=1.0)
    hours: float = parser.parse_args(arguments).hours
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        # The city is made by another process: what making it held is none of a server's memory.
        AppProcess(Path(name), simulator_rate=0).start().stop()
        app = AppProcess(Path(name), simulator_speed=SPEED).start()
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = chromium.new_page(viewport={"width": 1920, "height": 1080})
            page.add_init_script(COUNT_CONTEXTS)
            page.goto(f"{app.url}/wall")
            page.wait_for_function(DRAWN, timeout=120_000)
            looks = _watch(app, page, hours * 60)
        finally:
            chromium.close()
            app.stop()
    _print(looks)


def _watch(app: AppProcess, page: Page, minutes: float) -> list[Look]:
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    begun = time.monotonic()
    looks: list[Look] = []
    while not looks or looks[-1].minute < minutes:
        due = begun + len(looks) * LOOK_S
        page.wait_for_timeout(max(due - time.monotonic(), 0) * 1000)
        looks.append(_look(app, page, cdp, (time.monotonic() - begun) / 60))
        print(asdict(looks[-1]), flush=True)
    return looks


def _look(app: AppProcess, page: Page, cdp: CDPSession, minute: float) -> Look:
    # Twice: what a finalizer lets go of is found by the second.
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    used = cdp.send("Runtime.getHeapUsage")["usedSize"]
    counted = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    webgl = page.evaluate("() => window.webgl")
    cursor = page.evaluate("() => window.yiping.live.cursor()")
    memory = app.memory()
    return Look(
        minute=round(minute, 2),
        heap=round(used / 2**20, 2),
        nodes=int(counted["Nodes"]),
        listeners=int(counted["JSEventListeners"]),
        contexts=webgl["made"],
        contexts_lost=webgl["lost"],
        **{kind: round(size, 1) for kind, size in memory.items()},
        cursor=cursor,
    )


def _print(looks: list[Look]) -> None:
    settled = [one for one in looks if one.minute >= SETTLED_MIN] or looks[len(looks) // 3 :]
    first, last = settled[:COMPARED], settled[-COMPARED:]
    table = Table("", f"from minute {first[0].minute:.0f}", f"to {last[-1].minute:.0f}", "%")
    grown: dict[str, float] = {}
    for name in (
        "heap",
        "rss",
        "own",
        "store",
        "code",
        "nodes",
        "listeners",
        "contexts",
        "contexts_lost",
    ):
        before = median(getattr(one, name) for one in first)
        after = median(getattr(one, name) for one in last)
        grown[name] = (after / before - 1) * 100 if before else 0.0
        table.add_row(name, f"{before:,.1f}", f"{after:,.1f}", f"{grown[name]:+.1f}")
    Console().print(table)
    print(
        f"RESULT bench=soak minutes={looks[-1].minute:.0f} heap_pct={grown['heap']:.1f} "
        f"rss_pct={grown['rss']:.1f} own_pct={grown['own']:.1f} contexts={looks[-1].contexts}"
    )
