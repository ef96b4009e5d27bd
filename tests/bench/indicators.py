"""The whole board at any level over any period, beside the same numbers out of the raw rows.

The peers are asked for six of the numbers, in one statement over the raw rows, and ours for the
same six; the answers must agree to the last digit. The board is every indicator there is, with
what each was in the period before and its line.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text

from dashboard.chores import settle_garbage
from geo_data.dictionaries import categories, channels, sensor_kinds
from geo_data.ingest import IncidentReport, apply
from geo_data.ingest.bulk import Part, bulk_load_parts
from geo_data.ingest.place import ground_of
from geo_data.instants import to_text
from geo_data.records import Scope, Severity, Stage, Window
from geo_data.rollups.rows import ADD_HOURS
from geo_data.store import Store, open_store
from geo_data.store.copying import copy_city
from geo_data.store.embedded import EmbeddedStore
from geo_data.store.inserts import insert_rows
from indicators import engine
from tests.bench.cities import demo_city
from tests.bench.rollup_times import timed_rollups
from tests.postgis_server import PostgisServer, has_postgis

ALL = Scope.everything()
YEARS = 5
DAYS = 365 * YEARS
CHUNK = 250_000
ROUNDS = 12
LATE = 10_000
METRICS = [kind.metric for kind in sensor_kinds().values()]
SAME = (
    *("reported-incidents", "hotline-incidents", "closed-incidents"),
    *("due-incidents", "on-time-rate", "closure-rate"),
)
"""The numbers that everybody is asked for."""
SQL, DUCK = "plain SQL : the same numbers", "DuckDB : the same numbers"
Numbers = dict[str, float]


def main(arguments: list[str]) -> None:
    """Run; ``--incidents`` and ``--observations`` scale it down."""
    told = argparse.ArgumentParser(prog="python -m tests.bench indicators")
    told.add_argument("--incidents", type=int, default=10_000_000)
    told.add_argument("--observations", type=int, default=100_000_000)
    told.add_argument("--keep", type=Path, help="folder that keeps the city for the next run")
    told.add_argument("--embedded", action="store_true", help="leave PostGIS out")
    given = told.parse_args(arguments)
    with tempfile.TemporaryDirectory() as throw_away:
        folder = given.keep or Path(throw_away)
        folder.mkdir(parents=True, exist_ok=True)
        path = _made(folder, given.incidents, given.observations)
        found = {"embedded": _measured(open_store(path))}
        if not given.embedded and has_postgis():
            server = PostgisServer(durable=True)
            try:
                server.start()
                url = server.url(server.fresh())
                copy_city(str(path), url, datetime.now(UTC))
                _kept_up(url)
                found["PostGIS"] = _measured(open_store(url), with_duck=False)
            finally:
                server.stop()
    report(found, given)


def _kept_up(url: str) -> None:
    """Leave the tables as a server's own upkeep does, which the server of the tests has not."""
    engine_ = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine_.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine_.dispose()


def report(found: dict[str, Numbers], given: argparse.Namespace) -> None:
    """Print the stores beside each other, and the RESULT line of the embedded one."""
    title = f"{given.incidents:,} cases, {given.observations:,} observations, {YEARS} years"
    table = Table("", *found, title=title)
    for name in dict.fromkeys(name for one in found.values() for name in one):
        table.add_row(name, *(f"{one.get(name, np.nan):,.2f}" for one in found.values()))
    Console().print(table)
    own = found["embedded"]
    duck = f"{own[DUCK]:.1f}" if DUCK in own else "none"
    print(
        f"RESULT bench=indicators p95_ms={own['board p95, ms']:.1f} "
        f"vs_sql={own[SQL]:.1f} vs_duckdb={duck} reroll_s={own['re-roll, s']:.2f} "
        f"rollups_s={own['of which the rollups']:.2f}"
    )


def _made(folder: Path, incidents: int, observations: int) -> Path:
    path = folder / f"signs-{incidents}-{observations}.gpkg"
    if path.exists():
        return path
    made = demo_city(folder)
    store = open_store(made)
    now = datetime.now(UTC)
    bulk_load_parts(store, _histories(store, incidents, now), now)
    _write_hours(store, observations, now)
    store.close()
    made.rename(path)
    return path


def _histories(store: Store, incidents: int, now: datetime) -> Iterator[Part]:
    with store.read() as connection:
        grids = connection.execute(
            text("SELECT lon, lat FROM regions WHERE level = :level"),
            {"level": store.city.finest_level},
        ).all()
    spots = np.array([tuple(row) for row in grids])
    for number, first in enumerate(range(0, incidents, CHUNK)):
        yield _part(spots, min(CHUNK, incidents - first), number, now)


def _part(spots: np.ndarray, n: int, number: int, now: datetime) -> Part:
    random = np.random.default_rng(500 + number)
    age_s = random.integers(60, DAYS * 86_400, n)
    reported = pd.Timestamp(now).floor("ms") - pd.to_timedelta(age_s, "s")
    names = [f"signs-{number * CHUNK + row:09}" for row in range(n)]
    lon, lat = spots[random.integers(0, len(spots), n)].T
    incidents = pd.DataFrame(
        {
            **{"source": "bench", "source_id": names, "code": names, "title": "bench"},
            "channel": random.choice(list(channels()), n),
            "category": random.choice(list(categories()), n),
            **{"severity": 4, "happened_at": reported - timedelta(minutes=5)},
            **{"reported_at": reported, "lon": lon, "lat": lat},
        }
    )
    line = (Stage.FILED, Stage.DISPATCHED, Stage.SIGNED, Stage.CLOSED, Stage.SATISFIED)
    after_s, steps = np.zeros(n, dtype=np.int64), []
    for stage in line:
        after_s += random.integers(300, 40_000, n)
        times = reported + pd.to_timedelta(after_s, "s")
        past = np.flatnonzero(times < pd.Timestamp(now))
        frame = {"incident": past, "stage": str(stage), "happened_at": times[past]}
        steps.append(pd.DataFrame(frame))
    return incidents, pd.concat(steps, ignore_index=True)


def _write_hours(store: Store, observations: int, now: datetime) -> None:
    """Write the hours that so many observations would leave, twelve to an hour and town."""
    with store.read() as connection:
        towns = list(
            connection.scalars(
                text("SELECT code FROM regions WHERE level = :level"),
                {"level": store.city.level_keys[1]},
            )
        )
    last = int(now.timestamp()) // 3600 - 24
    per_hour = len(towns) * len(METRICS) * 12
    hours = np.arange(last - min(max(observations // per_hour, 1), DAYS * 24), last)
    random = np.random.default_rng(9)
    with store.write() as connection:
        for town in towns:
            for metric in METRICS:
                low = random.uniform(0, 40, len(hours)).round(2)
                columns = {
                    "hour": hours.tolist(),
                    **{"region_code": [town] * len(hours), "metric": [metric] * len(hours)},
                    "n": [12] * len(hours),
                    **{"total": (12 * (low + 1)).tolist(), "low": low.tolist()},
                    **{"high": (low + 2).tolist(), "changed_seq": [1] * len(hours)},
                }
                insert_rows(connection, store.tables.rollup_metric_hour, columns, ADD_HOURS)
    store.checkpoint()


def _measured(store: Store, with_duck: bool = True) -> Numbers:
    now = datetime.now(UTC)
    tree = engine.queries.region_tree(store, ALL)
    root = tree.root.code
    town = tree.children(root)[0].code
    grid = max(
        (one for one in tree.subtree(town) if tree.get(one).level == store.city.finest_level),  # type: ignore[union-attr]
    )
    first_day = (now - timedelta(days=DAYS - 1)).astimezone(store.city.zone).date()
    last_day = now.astimezone(store.city.zone).date()
    spans = ("today", "this-month", "this-year", f"{first_day}..{last_day}")
    started = perf_counter()
    engine.board(store, ALL, root, "today", now)
    took: Numbers = {"first board of a process, s": perf_counter() - started}
    boards: list[float] = []
    by_sql: list[float] = []
    by_duck: list[float] = []
    duck = _duck_of(store) if with_duck else None
    for region in (root, town, grid):
        codes = None if region == root else tree.subtree(region)
        for key in spans:
            own, values = _turns(store, region, key, now, None)
            boards += own
            same = float(np.median(_turns(store, region, key, now, SAME)[0]))
            span = engine.period_of(store, key, now).window
            sql_s, counted = _by_sql(store, codes, span)
            _agree({one.key: one.value for one in values}, counted, (region, key))
            by_sql.append(sql_s / same)
            if duck is not None:
                duck_s, from_duck = _by_duck(duck, codes, span)
                assert from_duck == counted, (region, key)
                by_duck.append(duck_s / same)
    took["board p50, ms"] = 1000 * float(np.median(boards))
    took["board p95, ms"] = 1000 * float(np.percentile(boards, 95))
    took[SQL] = float(np.median(by_sql))
    took[f"{SQL}, least"] = min(by_sql)
    if by_duck:
        took[DUCK] = float(np.median(by_duck))
        took[f"{DUCK}, least"] = min(by_duck)
    took |= _corrected(store, root, now)
    store.close()
    return took


def _turns(
    store: Store, region: str, key: str, now: datetime, keys: Sequence[str] | None
) -> tuple[list[float], list[engine.IndicatorValue]]:
    """Ask so many times over, each a little later; the first is asked by nobody waiting."""
    took = []
    values = engine.board(store, ALL, region, key, now, keys=keys)
    for turn in range(ROUNDS):
        at = now + timedelta(milliseconds=turn)
        began = perf_counter()
        engine.board(store, ALL, region, key, at, keys=keys)
        took.append(perf_counter() - began)
    return took, values


_COUNTS = """
SELECT count(*) FILTER (WHERE reported_at >= {a} AND reported_at < {b}),
       count(*) FILTER (WHERE reported_at >= {a} AND reported_at < {b} AND channel = 'hotline'),
       count(*) FILTER (WHERE ended_at >= {a} AND ended_at < {b}
                        AND stage NOT IN ('voided', 'merged')),
       count(*) FILTER (WHERE due_at >= {a} AND due_at < {b}
                        AND stage NOT IN ('voided', 'merged')),
       count(*) FILTER (WHERE due_at >= {a} AND due_at < {b} AND ended_at <= due_at
                        AND stage NOT IN ('voided', 'merged')),
       count(*) FILTER (WHERE due_at >= {a} AND due_at < {b} AND ended_at IS NULL
                        AND stage NOT IN ('voided', 'merged'))
FROM incidents WHERE {where}
"""
_NAMES = ("reported", "hotline", "closed", "due", "on time", "unclosed")


def _where(codes: tuple[str, ...] | None) -> str:
    """Return the condition of a region; all of the city has none."""
    if codes is None:
        return "TRUE"
    return f"region_code IN ({', '.join(repr(code) for code in codes)})"


def _by_sql(store: Store, codes: tuple[str, ...] | None, span: Window) -> tuple[float, Numbers]:
    if isinstance(store, EmbeddedStore):
        edges = [f"'{to_text(edge)}'" for edge in (span.start, span.end)]
    else:
        edges = [f"TIMESTAMPTZ '{edge.isoformat()}'" for edge in (span.start, span.end)]
    statement = _COUNTS.format(a=edges[0], b=edges[1], where=_where(codes))
    began = perf_counter()
    with store.read() as connection:
        row = connection.execute(text(statement.replace(":", r"\:"))).one()
    return perf_counter() - began, dict(zip(_NAMES, map(float, row), strict=True))


def _duck_of(store: Store) -> object | None:
    """Return DuckDB with the rows as a table of its own; ``None`` where it is not installed."""
    try:
        import duckdb
    except ImportError:
        return None
    names = ("reported_at", "ended_at", "due_at", "channel", "stage", "region_code")
    duck = duckdb.connect()
    duck.execute(
        "CREATE TABLE incidents (reported_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, "
        "due_at TIMESTAMPTZ, channel TEXT, stage TEXT, region_code TEXT)"
    )
    with store.read() as connection:
        asked = connection.execute(text(f"SELECT {', '.join(names)} FROM incidents"))
        for rows in asked.partitions(CHUNK):
            frame = pd.DataFrame(rows, columns=list(names))
            for name in names[:3]:
                frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
            duck.register("frame", frame)
            duck.execute("INSERT INTO incidents SELECT * FROM frame")
            duck.unregister("frame")
    return duck


def _by_duck(duck: object, codes: tuple[str, ...] | None, span: Window) -> tuple[float, Numbers]:
    edges = [f"TIMESTAMPTZ '{edge.isoformat()}'" for edge in (span.start, span.end)]
    statement = _COUNTS.format(a=edges[0], b=edges[1], where=_where(codes))
    began = perf_counter()
    row = duck.execute(statement).fetchone()  # type: ignore[attr-defined]
    return perf_counter() - began, dict(zip(_NAMES, map(float, row), strict=True))


def _agree(values: dict[str, float | None], counted: Numbers, where: object) -> None:
    """Compare to the last digit; fails the bench where the numbers differ."""
    due = counted["due"]
    expected: dict[str, float | None] = {
        "reported-incidents": counted["reported"],
        "hotline-incidents": counted["hotline"],
        "closed-incidents": counted["closed"],
        "due-incidents": due,
        "on-time-rate": 100 * counted["on time"] / due if due else None,
        "closure-rate": 100 * (due - counted["unclosed"]) / due if due else None,
    }
    found = {key: values[key] for key in expected}
    assert set(found) == set(SAME)
    assert found == expected, (where, found, expected)


def _corrected(store: Store, root: str, now: datetime) -> Numbers:
    """Correct cases of all five years, as one request may; the board after it is of them.

    Each gets another category and channel and was reported a minute later than was said.
    """
    with store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT source, source_id, code, channel, category, lon, lat, reported_at "
                "FROM incidents "
                "WHERE source = 'bench' ORDER BY source_id LIMIT :n"
            ),
            {"n": LATE},
        ).all()
    reported = pd.to_datetime([row.reported_at for row in rows], utc=True, format="ISO8601")
    told = [
        IncidentReport(
            source=row.source,
            source_id=row.source_id,
            code=row.code,
            title="corrected",
            # Something else than it is, however often the bench is run on a city that is kept.
            channel="patrol" if row.channel == "hotline" else "hotline",
            category="0103" if row.category == "0102" else "0102",
            severity=Severity.GENERAL,
            happened_at=at,
            reported_at=at + timedelta(minutes=1),
            lon=row.lon,
            lat=row.lat,
        )
        for row, at in zip(rows, reported.to_pydatetime(), strict=True)
    ]
    # Of a server that is at work: it knows the ground, and has the counts in memory.
    ground_of(store)
    settle_garbage()
    rollups: list[float] = []
    with timed_rollups(rollups):
        began = perf_counter()
        apply(store, told, now)
        taken = perf_counter()
        engine.board(store, ALL, root, "this-year", now + timedelta(seconds=1))
        ended = perf_counter()
    return {
        "re-roll, s": ended - began,
        "of which taking the reports in": taken - began,
        "of which the rollups": sum(rollups),
    }
