"""Our own side of ``print``, a program that imports what a worker of ours does and no more.

``python -m tests.bench.print_own CITY.gpkg REGION OUT.pdf``; it says what of its processor time
went by before it began to draw.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from geo_data.records import Scope
from geo_data.store import open_store
from layers.print import SheetRequest, save, situation_map

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)


def draw(name: str, region: str, out: str) -> None:
    """Draw the map of a region on A3, footprints and all, out of a store just opened."""
    store = open_store(Path(name))
    layers = tuple(f"region-{level}" for level in store.city.level_keys)
    request = SheetRequest(
        region_code=region,
        at=NOW,
        drawn_at=NOW + timedelta(minutes=1),
        template="a3-landscape",
        layers=(*layers, "place-building", "incidents", "mask", "labels"),
        unit="bench",
        number="BENCH-1",
    )
    save(situation_map(store, Scope(), request), Path(out))
    store.close()


if __name__ == "__main__":
    before = time.process_time()
    draw(*sys.argv[1:])
    whole = time.process_time()
    print(f"{sys.argv[3]}: {before:.2f} s of processor until loaded, {whole - before:.2f} drawing")
