"""An atlas of every town for ``print``: what the process holds after each page.

``python -m tests.bench.print_atlas CITY.gpkg OUT.pdf`` writes the atlas and beside it, as
``OUT.json``, the resident memory after each page in MB.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from geo_data.records import Scope
from geo_data.store import open_store
from layers.print import SheetRequest
from layers.print.atlas import AtlasRequest, write_atlas
from tests.bench.print_own import NOW


@dataclass
class Held:
    """What the process holds, by the page that was done last."""

    mb: dict[int, float] = field(default_factory=dict)

    def note(self, page: int, _pages: int) -> None:
        """Note what is held as a page begins: what is left of those before."""
        self.mb[page - 1] = resident_mb()


def resident_mb() -> float:
    """Return the memory of this process that is in use, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("only Linux says")


def write(name: str, out: str) -> None:
    """Write the atlas of the whole city on A3, footprints and all, out of a store just opened."""
    store = open_store(Path(name))
    layers = tuple(f"region-{level}" for level in store.city.level_keys)
    request = SheetRequest(
        region_code=store.city.code,
        at=NOW,
        drawn_at=NOW + timedelta(minutes=1),
        layers=(*layers, "place-building", "incidents", "mask", "labels"),
        unit="bench",
        number="BENCH-2",
    )
    held = Held()
    with Path(out).open("wb") as file:
        pages = write_atlas(store, Scope(), AtlasRequest(request), file, held.note)
    store.close()
    held.note(pages + 1, pages)
    Path(out).with_suffix(".json").write_text(json.dumps(held.mb))


if __name__ == "__main__":
    write(*sys.argv[1:])
