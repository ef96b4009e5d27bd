"""A folder of files: each row once, what is half written left alone, rubbish put aside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_data import queries
from geo_data.ingest import folder, pulling
from geo_data.ingest.folder import Watcher
from geo_data.ingest.pulling import Pulls
from geo_data.intakes import Intake
from geo_data.records import Scope
from geo_data.store import Store
from tests.geo_data.foreign import NOW, opened, rows, until
from tests.stores import Files, Stores, address_of

ALL = Scope.everything()


def dropped(path: Path, key: str = "iot", **more: Any) -> Intake:
    return Intake.model_validate(
        {
            **{"key": key, "tells": "observations", "folder": {"path": path, **more}},
            "fields": {"sensor-code": "设备", "value": "数值", "observed-at": "时间"},
        }
    )


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    path = tmp_path / "投递"
    path.mkdir()
    return path


def at(n: int) -> str:
    return f"{NOW + timedelta(hours=8) - timedelta(seconds=10_000 - n):%Y-%m-%d %H:%M:%S}"


def told(first: int, last: int, sensor: str = "s1") -> list[dict[str, Any]]:
    return [{"设备": sensor, "数值": 1, "时间": at(n)} for n in range(first, last)]


def csv(rows_told: list[dict[str, Any]]) -> str:
    return pd.DataFrame(rows_told, columns=["设备", "数值", "时间"]).to_csv(index=False)


def put(path: Path, rows_told: list[dict[str, Any]], encoding: str = "utf-8") -> None:
    """Write a file as its ending says."""
    if path.suffix == ".xlsx":
        pd.DataFrame(rows_told).to_excel(path, index=False)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows_told, ensure_ascii=False), encoding=encoding)
    elif path.suffix == ".ndjson":
        lines = (json.dumps(one, ensure_ascii=False) for one in rows_told)
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
    else:
        path.write_text(csv(rows_told), encoding=encoding)


def twice(watcher: Watcher) -> None:
    """Look, and look again: what did not change is taken."""
    watcher.round()
    watcher.round()


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir()) if path.is_dir() else []


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *(("a.csv", "utf-8"), ("a.csv", "utf-8-sig"), ("a.csv", "gbk"), ("a.CSV", "utf-16")),
        *(("a.xlsx", ""), ("a.json", "utf-8"), ("a.json", "gbk"), ("a.ndjson", "utf-8-sig")),
    ],
)
def test_every_kind_and_encoding(drop: Path, tmp_path: Path, name: str, encoding: str) -> None:
    store = opened(Files(tmp_path), dropped(drop))
    put(drop / name, told(0, 20), encoding)
    twice(Watcher(store, store.city.intakes[0], lambda: NOW))
    assert rows(store) == 20
    assert (names(drop), names(drop / "done")) == (["done"], [name])
    store.close()


def test_a_file_that_grows_or_has_a_passing_name_is_left_alone(stores: Stores, drop: Path) -> None:
    store = opened(stores, dropped(drop))
    watcher = Watcher(store, store.city.intakes[0], lambda: NOW)
    whole = csv(told(0, 20))
    for name in (".a.csv", "~$a.xlsx", "a.csv.part", "b.csv.tmp", "c.csv~"):
        (drop / name).write_text(whole, encoding="utf-8")
    (drop / "inside").mkdir()
    (drop / "link.csv").symlink_to(drop / ".a.csv")
    for end in range(0, len(whole), 150):
        (drop / "a.csv").write_text(whole[:end], encoding="utf-8")
        watcher.round()
    assert rows(store) == 0
    (drop / "a.csv").write_text(whole, encoding="utf-8")
    twice(watcher)
    assert rows(store) == 20
    assert len(names(drop)) == 8
    store.close()


def test_refused_rows_are_told_with_file_row_and_field(stores: Stores, drop: Path) -> None:
    store = opened(stores, dropped(drop))
    watcher = Watcher(store, store.city.intakes[0], lambda: NOW)
    bad = [*told(0, 2), {"设备": "s1", "数值": "湿", "时间": at(9)}, *told(3, 4, "没有的")]
    (drop / "a.csv").write_text(csv(bad) + "s1,1\n", encoding="gbk")
    twice(watcher)
    assert rows(store) == 2
    letters = queries.letters(store, ALL, "iot")
    placed = {(fault.file, fault.row, fault.key) for one in letters for fault in one.faults}
    assert placed == {
        ("a.csv", 3, "not-number"),
        ("a.csv", 4, "unknown-sensor"),
        ("a.csv", 5, "ragged-row"),
    }
    assert names(drop / "done") == ["a.csv", "a.csv.report.txt"]
    report = (drop / "done" / "a.csv.report.txt").read_text("utf-8")
    assert "a.csv · 第 3 行 · 字段 value" in report
    assert "a.csv · row 3 · field value" in report
    # Once what was missing is there, the same file may be dropped again.
    (drop / "done" / "a.csv").rename(drop / "a.csv")
    twice(watcher)
    assert len(queries.letters(store, ALL, "iot")) == 6
    assert rows(store) == 2
    store.close()


def test_rubbish_ends_in_failed_with_a_report(stores: Stores, drop: Path) -> None:
    store = opened(stores, dropped(drop, **{"file-mb": 1}))
    rubbish = {
        "a.xlsx": b"no workbook",
        "b.json": b'{"a": ',
        "c.docx": b"PK",
        "d.csv": b"",
        "e.csv": b"x" * (1 << 20) + b"\n",
        "f.json": b"[" * 100_000,
        "g.csv": csv(told(0, 3, "nobody")).encode(),
    }
    for name, content in rubbish.items():
        (drop / name).write_bytes(content)
    twice(Watcher(store, store.city.intakes[0], lambda: NOW))
    assert names(drop) == ["failed"]
    wanted = [part for name in rubbish for part in (name, f"{name}.report.txt")]
    assert names(drop / "failed") == wanted
    assert "1.0 MB" in (drop / "failed" / "e.csv.report.txt").read_text("utf-8")
    assert rows(store) == 0
    store.close()


def test_a_name_that_is_taken_gets_a_number(drop: Path, tmp_path: Path) -> None:
    store = opened(Files(tmp_path), dropped(drop))
    watcher = Watcher(store, store.city.intakes[0], lambda: NOW)
    for n in range(3):
        put(drop / "a.csv", told(n, n + 1))
        twice(watcher)
    assert names(drop / "done") == ["a-2.csv", "a-3.csv", "a.csv"]
    assert rows(store) == 3
    put(drop / "a.csv", told(2, 3))
    twice(watcher)
    letters_before = rows(store, "intake_slots")
    assert (rows(store), rows(store, "intake_slots")) == (3, letters_before)
    store.close()


def test_what_cannot_be_moved_stops_nobody_and_is_told_once(
    stores: Stores, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "FIRST_S", 0.1)
    store = opened(stores, dropped(drop, **{"every-s": 1}))
    real = Path.rename

    def fixed(path: Path, target: Path) -> Path:
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", fixed)
    put(drop / "a.csv", told(0, 5))
    put(drop / "b.csv", told(5, 9))
    pulls = Pulls(store, lambda: NOW, {})
    pulls.start()
    until(lambda: names(drop / "done") == ["b.csv"] and bool(pulls.troubles()))
    assert pulls.troubles()[0].key == "file-not-moved"
    monkeypatch.setattr(Path, "rename", real)
    until(lambda: "a.csv" in names(drop / "done") and not pulls.troubles())
    pulls.stop()
    assert rows(store) == 9
    assert next(iter(queries.sources(store, ALL, NOW))).today.accepted == 9  # type: ignore[union-attr]
    store.close()


def test_a_folder_that_is_not_there_is_told_of(
    drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "FIRST_S", 0.1)
    store = opened(Files(tmp_path), dropped(drop / "mount", **{"every-s": 1}))
    pulls = Pulls(store, lambda: NOW, {})
    pulls.start()
    until(lambda: [fault.key for fault in pulls.troubles()] == ["no-folder"])
    (drop / "mount").mkdir()
    put(drop / "mount" / "a.csv", told(0, 5))
    until(lambda: rows(store) == 5 and not pulls.troubles())
    pulls.stop()
    store.close()


class Killed(BaseException):
    """This process ends here."""


_blocks = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = opened(Files(tmp_path_factory.mktemp("folder")))
    yield store
    store.close()


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    bad=st.sets(st.integers(0, 30), max_size=4),
    kills=st.lists(st.sampled_from(["before", "after", "moving", "none"]), max_size=8),
    kind=st.sampled_from([".csv", ".ndjson", ".json"]),
)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_any_cut_into_files_any_kill_is_the_same_in_the_end(
    shared: Store,
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    bad: set[int],
    kills: list[str],
    kind: str,
) -> None:
    block, path = next(_blocks), tmp_path_factory.mktemp("drop")
    intake = dropped(path, f"iot-{block}")
    numbers = iter(range(100))
    every = [[next(numbers) for _ in range(size)] for size in sizes]
    for n, mine in enumerate(every):
        made = [told(-block * 100 + k, -block * 100 + k + 1)[0] for k in mine]
        for k, row in zip(mine, made, strict=True):
            row["设备"] = "nobody" if k in bad else "s1"
        put(path / f"{n}{kind}", made)
    before = rows(shared)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder, "ROWS", 3)
        for kill in [*kills, "none"]:
            _one_life(shared, intake, kill)
    known = [k for mine in every for k in mine]
    assert rows(shared) - before == len(set(known) - bad)
    assert len(queries.letters(shared, ALL, intake.key, 500)) == len(set(known) & bad)
    assert [one for one in names(path) if one not in ("done", "failed")] == []


def _one_life(store: Store, intake: Intake, kill: str) -> None:
    """A process that ends at its second chance of that kind."""
    times = count()

    def ends(real: Callable[..., Any], first: bool) -> Callable[..., Any]:
        def call(*given_to: Any) -> Any:
            if first and next(times) == 1:
                raise Killed
            found = real(*given_to)
            if not first and next(times) == 1:
                raise Killed
            return found

        return call

    with pytest.MonkeyPatch.context() as patch:
        if kill == "before":
            patch.setattr(folder, "keep", ends(folder.keep, True))
        elif kill == "after":
            patch.setattr(folder, "receive", ends(folder.receive, False))
        elif kill == "moving":
            patch.setattr(Watcher, "_put", ends(Watcher._put, True))
        with suppress(Killed):
            twice(Watcher(store, intake, lambda: NOW))


PROGRAM = """
import sys
from datetime import UTC, datetime
from threading import Event
from geo_data.ingest.pulling import Pulls
from geo_data.store import open_store
store = open_store(sys.argv[1])
Pulls(store, lambda: datetime(2025, 7, 1, 4, tzinfo=UTC), {}).start()
Event().wait()
"""


def test_killed_in_the_middle_of_a_file(stores: Stores, drop: Path) -> None:
    store = opened(stores, dropped(drop, **{"every-s": 1}))
    put(drop / "a.csv", [*told(0, 6_000), *told(0, 30, "nobody")])
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(address_of(store))])
    until(lambda: rows(store) > 0)
    os.kill(program.pid, signal.SIGKILL)
    program.wait(10)
    taken = rows(store)
    assert taken % 1_000 == 0
    watcher = Watcher(store, store.city.intakes[0], lambda: datetime(2025, 7, 1, 4, tzinfo=UTC))
    time.sleep(0.01)
    twice(watcher)
    assert (rows(store), rows(store, "dead_letters")) == (6_000, 30)
    assert "a.csv" in names(drop / "done")
    store.close()
