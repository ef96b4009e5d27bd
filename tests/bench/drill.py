"""Server time of drills: every panel's answer for 200 random regions and objects."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dashboard.context import Context, Look
from dashboard.drawing import map_spec
from dashboard.panels import (
    live_lists,
    map_key,
    object_card,
    ranking,
    time_bar,
    top_bar,
    vital_signs,
)
from dashboard.widgets.markup import text_of
from geo_data import queries
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store
from tests.bench.cities import big_city

SHEETS: dict[str, Callable[[Look], object]] = {
    "trail, choices": lambda look: (top_bar.trail(look), top_bar.choices(look)),
    "vital signs": lambda look: vital_signs.board(look, vital_signs.values(look)),
    "ranking": lambda look: (ranking.head(look), ranking.rows(look)),
    "lists": lambda look: (live_lists.tabs(look), live_lists.rows(look)),
    "object card": object_card.card,
    "layers, legend": lambda look: (map_key.switches(look), map_key.legend(look)),
    "time bar": lambda look: (time_bar.chart(look), time_bar.ages(look)),
}


def drill(context: Context, query: str) -> dict[str, float]:
    """Milliseconds of each part of one drill, and their sum.

    As the server answers it: all sheets of the page for one look, the map for another.
    """
    clock = _Clock()
    look = context.look(query)
    clock.note("look")
    for name, sheet in SHEETS.items():
        text_of(sheet(look))
        clock.note(name)
    map_spec(context.look(query))
    clock.note("map")
    return clock.whole()


class _Clock:
    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._begun = time.perf_counter()
        self._cpu = time.process_time()

    def note(self, name: str) -> None:
        now = time.perf_counter()
        self.took[name] = (now - self._begun) * 1000
        self._begun = now

    def whole(self) -> dict[str, float]:
        """Return the parts, their sum, and the processor's time of it: less moved by neighbours."""
        cpu = (time.process_time() - self._cpu) * 1000
        return self.took | {"all": sum(self.took.values()), "all, processor": cpu}


def queries_of(store: Store, n: int, seed: int = 1) -> list[str]:
    """Random drills: a third each to towns, grids and objects, over all windows."""
    rng = np.random.default_rng(seed)
    scope = Scope.everything()
    tree = queries.region_tree(store, scope)
    towns = [region.code for region in tree.children(tree.root.code)]
    grids = list(tree.finest(tree.root.code))
    places = queries.places(
        store, scope, ["residential", "park", "building"], grids[len(grids) // 2]
    )
    found: list[str] = []
    for index in range(n):
        window = rng.choice(["today", "24h", "7d", "30d", "year"])
        if index % 3 == 0:
            region = f"region={rng.choice(towns)}"
        elif index % 3 == 1 or places.empty:
            region = f"region={rng.choice(grids)}"
        else:
            row = places.iloc[int(rng.integers(len(places)))]
            region = f"region={row.region_code}&object=place:{row.code}"
        found.append(f"?{region}&window={window}")
    return found


def main(arguments: list[str]) -> None:
    """Run; a folder named as argument keeps the city for the next run."""
    drills = 200
    with tempfile.TemporaryDirectory() as throw_away:
        folder = Path(arguments[0]) if arguments else Path(throw_away)
        store = big_city(folder, incidents=1_000_000)
        context = Context(Settings(data_dir=folder), store, lambda: datetime.now(UTC))
        asked = queries_of(store, drills)
        drill(context, asked[0])  # the region tree and the rollup cube are read once per process
        took = [drill(context, query) for query in asked]
        _print(took, store)
        store.close()


def _print(took: list[dict[str, float]], store: Store) -> None:
    table = Table("panel", "p50 ms", "p95 ms", "max ms")
    for name in took[0]:
        values = np.array([one[name] for one in took])
        p50, p95 = np.percentile(values, [50, 95])
        table.add_row(name, f"{p50:.1f}", f"{p95:.1f}", f"{values.max():.1f}")
    Console().print(table)
    rows = {name: version.rows for name, version in store.layers().items()}
    print("rows:", ", ".join(f"{name} {n:,}" for name, n in sorted(rows.items())))
    p50, p95 = np.percentile([one["all"] for one in took], [50, 95])
    cpu = np.percentile([one["all, processor"] for one in took], 95)
    print(f"RESULT bench=drill p50_ms={p50:.1f} p95_ms={p95:.1f} cpu_p95_ms={cpu:.1f}")
