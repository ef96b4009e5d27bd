"""``python app.py export``: a situation map in a file, or a sentence why not and no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import commands


def run(tmp_path: Path, city: Path, *arguments: object) -> int:
    environment = {"YIPING_DATA_DIR": str(tmp_path / "data")}
    given = ["export", "--city", str(city), *(str(one) for one in arguments), "--lang", "en"]
    return commands.run(given, lambda *_: None, environment)


def test_a_map_is_written_and_told(
    tmp_path: Path, example_city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ending, begins in (("pdf", b"%PDF-1.7"), ("svg", b"<svg"), ("png", b"\x89PNG")):
        path = tmp_path / f"map.{ending}"
        asked = ("--template", "200x160mm", "--user", "zhang", "--number", "1", "-o", path)
        assert run(tmp_path, example_city, *asked) == 0
        assert path.read_bytes().startswith(begins)
        assert f"{path}" in capsys.readouterr().err


def test_everything_can_be_asked_for(tmp_path: Path, example_city: Path) -> None:
    path = tmp_path / "map.pdf"
    asked = {
        "--region": "CB.N",
        "--template": "a4-portrait",
        "--layers": "region-ward,region-precinct,place-park,labels",
        "--indicator": "overdue-incidents",
        "--window": "7d",
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
