"""Cities that benches run on: the demo city, and one with a million cases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import select

from geo_data.demo import make_demo
from geo_data.ingest.bulk import bulk_load
from geo_data.store import Store, open_store

ADCODE = "310117"


def demo_city(folder: Path) -> Path:
    """Make the demo city in ``folder``."""
    path = folder / "demo.gpkg"
    make_demo(path, ADCODE, now=datetime.now(UTC))
    return path


def big_city(folder: Path, incidents: int) -> Store:
    """Return the demo city with so many cases in its year.

    The year is told again with every case some hours earlier and some hundred metres away, as
    often as it takes: rhythm, hot-spots and stages stay believable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"big-{incidents}.gpkg"
    if done.exists():
        return open_store(done)
    path = demo_city(folder)
    store = open_store(path)
    cases, stages = _year(store)
    random = np.random.default_rng(3)
    turn = 0
    while (missing := incidents - (turn + 1) * len(cases)) > 0:
        turn += 1
        kept = min(missing, len(cases))
        copy, steps = _told_again(cases.iloc[:kept], stages, turn, random)
        bulk_load(store, copy, steps, datetime.now(UTC))
    store.close()
    path.rename(done)
    return open_store(done)


def _year(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables = store.tables
    names = ("source", "source_id", "code", "title", "channel", "category", "severity")
    names += ("happened_at", "reported_at", "lon", "lat", "address")
    with store.read() as connection:
        columns = [tables.incidents.c[name] for name in ("id", *names)]
        cases = pd.DataFrame(connection.execute(select(*columns)).all(), columns=["id", *names])
        steps = tables.incident_stages.c
        wanted = [steps.incident_id, steps.stage, steps.happened_at]
        rows = connection.execute(select(*wanted)).all()
    stages = pd.DataFrame(rows, columns=["id", "stage", "happened_at"])
    row_of = pd.Series(np.arange(len(cases)), index=cases["id"])
    stages.insert(0, "incident", row_of.reindex(stages["id"]).to_numpy())
    for frame, column in ((cases, "happened_at"), (cases, "reported_at"), (stages, "happened_at")):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return cases.drop(columns="id"), stages.drop(columns="id")


def _told_again(
    cases: pd.DataFrame, stages: pd.DataFrame, turn: int, random: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    earlier = pd.Timedelta(hours=5 * turn)
    copy = cases.copy()
    for column in ("source_id", "code"):
        copy[column] = copy[column] + f"-{turn}"
    copy["lon"] = copy["lon"] + random.normal(0, 0.0015, len(copy))
    copy["lat"] = copy["lat"] + random.normal(0, 0.0012, len(copy))
    steps = stages[stages["incident"] < len(cases)].copy()
    for frame, column in ((copy, "happened_at"), (copy, "reported_at"), (steps, "happened_at")):
        frame[column] = frame[column] - earlier
    return copy, steps
