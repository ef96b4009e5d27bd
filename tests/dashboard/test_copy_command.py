"""``python app.py copy``: a table of what was compared, or a sentence; never a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import commands
from geo_data.store import store_exists


def run(*arguments: object) -> int:
    given = ["copy", *(str(one) for one in arguments), "--lang", "en"]
    return commands.run(given, lambda *_: None, {})


@pytest.mark.postgis
def test_a_city_goes_to_a_server(
    clearbay_path: Path, postgis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(clearbay_path, postgis_url) == 0
    out, err = capsys.readouterr()
    assert "layer_versions" in out
    assert "rows copied" in err
    assert "s3cret" not in out + err
    assert store_exists(postgis_url)
    assert run(clearbay_path, postgis_url) == 3
    assert "s3cret" not in capsys.readouterr().err


def test_a_city_goes_to_a_file(clearbay_path: Path, tmp_path: Path) -> None:
    assert run(f"sqlite:///{clearbay_path}", tmp_path / "new.gpkg") == 0
    assert [one.name for one in tmp_path.glob("new.gpkg*")] == ["new.gpkg"]


@pytest.mark.parametrize(
    ("source", "target", "code", "said"),
    [
        ("missing.gpkg", "new.gpkg", 3, "missing.gpkg"),
        ("{here}", "mysql://me:s3cret@db/city", 3, "mysql://me:***@db/city"),
        ("{here}", "postgresql+psycopg://me:s3cret@", 3, "address"),
        ("{here}", "postgresql+psycopg://me:s3cret@127.0.0.1:9/city", 3, "cannot be reached"),
        ("postgresql+psycopg://me:s3cret@127.0.0.1:9/city", "new.gpkg", 3, "cannot be reached"),
        ("{here}", "{here}", 3, "already"),
        ("{here}", "new.gpkg extra://me:s3cret@db", 2, "me:***@db"),
    ],
)
def test_what_cannot_be_is_said(
    clearbay_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    target: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [one.format(here=clearbay_path) for one in (source, *target.split())]
    assert run(*given) == code
    told = capsys.readouterr().err
    assert said in told
    assert "s3cret" not in told
    assert not list(tmp_path.glob("new.gpkg*"))
