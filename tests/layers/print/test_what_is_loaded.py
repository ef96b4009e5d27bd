"""Who prints a sheet waits for what draws it and for nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from geo_data.store import Store
from geo_data.store.embedded import EmbeddedStore
from tests.layers.print.asking import AT

HEAVY = {
    *("pandas", "geopandas", "pyogrio", "pyarrow", "openpyxl", "pydeck", "fontTools"),
    *("psycopg", "geoalchemy2", "alembic", "dash", "plotly", "fastapi", "uvicorn", "rich"),
}
PROGRAM = """
import sys
from datetime import datetime
from pathlib import Path
from geo_data.records import Scope
from geo_data.store import open_store
from layers.print import SheetRequest, save, situation_map

store = open_store(Path(sys.argv[1]))
layers = tuple(f"region-{level}" for level in store.city.level_keys)
at = datetime.fromisoformat(sys.argv[3])
layers = (*layers, "place-building", "place-residential", "sensors", "incidents", "mask", "labels")
request = SheetRequest(region_code="c", at=at, drawn_at=at, layers=layers)
save(situation_map(store, Scope(), request), Path(sys.argv[2]))
store.close()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
ROOT = Path(__file__).parents[3]


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_sheet_is_drawn_without_tables_web_and_servers(city: Store, tmp_path: Path) -> None:
    assert isinstance(city, EmbeddedStore)
    out = tmp_path / "map.pdf"
    found = loaded("-c", PROGRAM, str(city.path), str(out), AT.isoformat())
    assert found & HEAVY == set()
    assert out.read_bytes().startswith(b"%PDF")


def test_the_command_line_is_ready_without_the_web() -> None:
    program = "import app, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    assert loaded("-c", program) & {"dash", "plotly", "fastapi", "uvicorn"} == set()
