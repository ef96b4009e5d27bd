"""``python app.py tiles``: tiles kept where the server finds them, or a sentence why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import commands


def run(tmp_path: Path, *arguments: object) -> int:
    environment = {"YIPING_DATA_DIR": str(tmp_path)}
    given = ["tiles", *(str(one) for one in arguments), "--lang", "en"]
    return commands.run(given, lambda *_: None, environment)


def test_tiles_are_made_and_named(
    tmp_path: Path, example_city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = ("--layer", "place-building", "--layer", "region-ward")
    assert run(tmp_path, "--city", example_city, *layers, "--zoom", "11-13") == 0
    made = sorted((tmp_path / "tiles").iterdir())
    assert [one.name.partition("@")[0] for one in made] == ["place-building", "region-ward"]
    told = capsys.readouterr().err
    assert "Making tiles" in told
    assert all(str(one) in told for one in made)


def test_every_layer_is_made_where_none_is_named(tmp_path: Path, example_city: Path) -> None:
    assert run(tmp_path, "--city", example_city, "--zoom", "10") == 0
    names = {one.name.partition("@")[0] for one in (tmp_path / "tiles").iterdir()}
    assert {"region-city", "region-precinct", "place-building", "sensors"} <= names


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--layer", "place-palace"), "place-palace"),
        (("--zoom", "15-10"), "15-10"),
        (("--zoom", "12", "--limit-mb", "0"), "--limit-mb"),
        (("--limit-mb", "many"), "many"),
    ],
)
def test_what_cannot_be_is_said(
    tmp_path: Path,
    example_city: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: tuple[str, ...],
    said: str,
) -> None:
    assert run(tmp_path, "--city", example_city, *wrong) == 2
    assert said in capsys.readouterr().err
    folder = tmp_path / "tiles"
    assert not folder.exists() or list(folder.iterdir()) == []
