"""``python -m tests.bench NAME``: prints one table and ends with one RESULT line."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = {
    "tiles": "tiles a second and core, beside what a user would otherwise install",
    "serve": "tiles over HTTP out of PostGIS, beside tipg on the same database",
    "first-screen": "what a browser's first and later visits cost until the district is drawn",
    "drill": "server time of 200 random drills with 100,000 buildings and 1,000,000 incidents",
    "growth": "import, tile, drill and memory while the city grows a hundredfold",
    "fanout": "how soon a change is on 200 and 1,000 screens, and whether any is lost",
    "ingest": "durable observations and cases a second, by store and batch",
    "delta": "main-thread CPU of 500 changes among 50,000 points on the map",
    "indicators": "the whole board at any level and period, beside SQL and DuckDB on the rows",
    "print": "a situation map on A3, beside geopandas.plot and QGIS: processor, time, memory",
    "soak": "what grows on a wall that is left open: a day of the city an hour",
}


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
        for name, what in BENCHES.items():
            print(f"  {name:14} {what}")
        return 2
    module = import_module(f"tests.bench.{sys.argv[1].replace('-', '_')}")
    module.main(sys.argv[2:])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
