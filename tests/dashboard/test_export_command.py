"""``python app.py export``: a situation map in a file, or a sentence why not and no file."""

from __future__ import annotations

import getpass
import hashlib
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pypdfium2
import pytest
from fastapi.testclient import TestClient

from dashboard import commands
from dashboard.commands import exporting
from dashboard.exporting.making import Made, Order, Tell
from dashboard.server import create_server
from geo_data.exports import ExportRecord, State, export_records, register
from geo_data.faults import Fault, InputError
from geo_data.queries import region_tree
from geo_data.records import Scope
from geo_data.settings import Settings
from geo_data.store import Store, open_store


def run(tmp_path: Path, city: Path, *arguments: object) -> int:
    environment = {"YIPING_DATA_DIR": str(tmp_path / "data")}
    given = ["export", "--city", str(city), *(str(one) for one in arguments), "--lang", "en"]
    return commands.run(given, lambda *_: None, environment)


@contextmanager
def records(tmp_path: Path) -> Iterator[tuple[Store, list[ExportRecord]]]:
    """The register that a command wrote into, oldest first."""
    (path,) = (tmp_path / "data").glob("*.gpkg")
    with closing(open_store(path)) as store:
        yield store, export_records(store, Scope.everything())[::-1]


def test_a_map_is_written_and_told(
    tmp_path: Path, example_city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "pdf": b"%PDF-1.7",
        "svg": b"<svg",
        "png": b"\x89PNG",
        "tiff": b"II*",
        "png.zip": b"PK",
        "pptx": b"PK",
    }
    for ending, begins in files.items():
        path = tmp_path / f"map.{ending}"
        asked = ("--template", "200x160mm", "--user", "zhang", "-o", path)
        assert run(tmp_path, example_city, *asked) == 0
        assert path.read_bytes().startswith(begins)
        assert f"{path}" in capsys.readouterr().err


def test_what_is_written_is_in_the_register_under_its_number(
    tmp_path: Path, example_city: Path, cache_dir: Path, now: datetime
) -> None:
    path = tmp_path / "map.pdf"
    asked = ("--template", "a4-landscape", "--region", "CB.N", "--unit", "centre", "-o", path)
    assert run(tmp_path, example_city, *asked) == 0
    with records(tmp_path) as (store, [record]):
        assert record.state is State.DONE
        assert record.asked_from == f"cli:{getpass.getuser()}"
        assert record.asked_by == getpass.getuser()
        assert record.region_code == "CB.N"
        assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert record.bytes == path.stat().st_size
        said = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True)
        assert record.number in said.stdout
        client = TestClient(create_server(Settings(data_dir=cache_dir), store, lambda: now))
        page = client.get(f"/exports/{record.number}?lang=en").text
        assert record.sha256 in page
        assert "map.pdf, written by the command line" in page
        assert "/file" not in page


def test_an_atlas_is_one_export(tmp_path: Path, example_city: Path) -> None:
    path = tmp_path / "atlas.pdf"
    assert run(tmp_path, example_city, "--atlas", "--template", "a4-landscape", "-o", path) == 0
    with records(tmp_path) as (store, [record]):
        below = region_tree(store, Scope()).children(record.region_code)
        assert record.request.atlas == "next"
    document = pypdfium2.PdfDocument(path)
    assert len(document) == 1 + len(below)
    document.close()


def test_a_publication_needs_what_it_needs_over_http(
    tmp_path: Path, example_city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.pdf"
    asked = ("--template", "a4-landscape", "--purpose", "publication", "-o", path)
    assert run(tmp_path, example_city, *asked) == 2
    said = capsys.readouterr().err
    assert "approval number" in said
    assert "公开" in said
    assert not path.exists()
    more = (*asked, "--waiver", "sketch map", "--secrecy", "公开")
    assert run(tmp_path, example_city, *more) == 0
    with records(tmp_path) as (_, found):
        assert [one.request.waiver for one in found] == ["sketch map"]


def test_one_that_fails_or_is_stopped_is_told_in_the_register_and_leaves_no_file(
    tmp_path: Path, example_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.pdf"
    asked = ("--template", "a4-landscape", "-o", path)

    def stopping(error: BaseException) -> Callable[..., None]:
        def make(*_: object) -> None:
            raise error

        return make

    full = InputError(Fault("export-disk-full", values={"error": "no room"}), exit_code=3)
    wanted = ((full, 3, State.FAILED), (KeyboardInterrupt(), 130, State.CANCELLED))
    for error, code, _ in wanted:
        monkeypatch.setattr(exporting, "make", stopping(error))
        assert run(tmp_path, example_city, *asked) == code
    monkeypatch.setattr(exporting, "make", stopping(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, example_city, *asked)
    with records(tmp_path) as (_, found):
        states = [one.state for one in found]
    assert states == [*(state for _, _, state in wanted), State.FAILED]
    assert not path.exists()


def test_one_that_is_cancelled_meanwhile_ends_at_its_next_page(
    tmp_path: Path, example_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "atlas.pdf"
    real = exporting.make

    def make(store: Store, order: Order, tell: Tell) -> Made:
        def told(step: str, share: float) -> None:
            if step.startswith("page 2/"):
                assert register.cancel(store, order.number, order.made_at)
            tell(step, share)

        return real(store, order, told)

    monkeypatch.setattr(exporting, "make", make)
    asked = ("--atlas", "--template", "a4-landscape", "-o", path)
    assert run(tmp_path, example_city, *asked) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["data"]


def test_a_store_that_cannot_be_written_is_told_and_nothing_is_written(
    tmp_path: Path,
    example_city: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "map.pdf"
    asked = ("--template", "a4-landscape", "-o", path)
    assert run(tmp_path, example_city, *asked) == 0
    path.unlink()
    (store,) = (tmp_path / "data").glob("*.gpkg")
    holder = sqlite3.connect(store, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        assert run(tmp_path, example_city, *asked) == 3
    finally:
        holder.close()
    assert store.name in capsys.readouterr().err
    assert not path.exists()


def test_everything_can_be_asked_for(tmp_path: Path, example_city: Path) -> None:
    path = tmp_path / "map.pdf"
    asked = {
        "--region": "CB.N",
        "--template": "a4-portrait",
        "--layers": "region-ward,region-precinct,place-park,labels",
        "--indicator": "overdue-incidents",
        "--window": "7d",
        "--cases": "overdue",
        "--severity": "2",
        "--scale": "1:50,000",
        "--subject": "parks",
        "--unit": "u",
        "--reviewer": "r",
        "--approval": "S(2026)1",
        "--secrecy": "SECRET",
        "--secrecy-term": "1 year",
    }
    given = [part for pair in asked.items() for part in pair]
    assert run(tmp_path, example_city, *given, "-o", path) == 0
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--region", "CB.X"), "CB.X"),
        (("--template", "a3"), "a3-landscape"),
        (("--template", "50x50mm"), "50×50"),
        (("--at", "2999-01-01T00:00"), "future"),
        (("--at", "yesterday"), "2026-11-20T08:00"),
        (("--scale", "large"), "25000"),
        (("--scale", "300"), "largest that fits"),
        (("--layers", "place-palace"), "place-palace"),
        (("--indicator", "happiness"), "happiness"),
        (("--window", "3d"), "30d"),
        (("--atlas", "gird", "--region", "CB"), "gird"),
        (("--atlas", "-o", "map.png"), "PDF"),
        (("--layers", "place-camera"), "place-camera"),
        (("--unit", "x" * 90), "80"),
        (("--cases", "late"), "--cases"),
        (("--severity", "9"), "--severity"),
        (("-o", "map.docx"), "pdf, svg, png"),
        (("-o", "no/such/folder/map.pdf"), "folder"),
    ],
)
def test_what_cannot_be_is_said(
    tmp_path: Path,
    example_city: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wrong: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = wrong if "-o" in wrong else (*wrong, "-o", "map.pdf")
    assert run(tmp_path, example_city, *given) in (2, 3)
    assert said in capsys.readouterr().err
    assert [path for path in tmp_path.iterdir() if path.name != "data"] == []
