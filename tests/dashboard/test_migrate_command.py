"""``python app.py migrate``: says what was done, and to which store; never a password."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy import text

from dashboard import commands
from geo_data.store import migrating, open_store
from geo_data.store.connections import ServerOptions, server_url, writing_engine
from tests.geo_data.small_city import make_small_city

OLD_FILE = Path(__file__).parents[1] / "recordings" / "city-schema-1.sqlite.gz"
NEWEST = str(migrating.newest())


def run(url: str) -> int:
    given = {"YIPING_DATABASE_URL": url}
    return commands.run(["migrate", "--lang", "en"], lambda *_: None, given)


def test_an_old_file_is_brought_up_to_date_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.gpkg"
    path.write_bytes(gzip.decompress(OLD_FILE.read_bytes()))
    assert run(f"sqlite:///{path}") == 0
    said = "".join(capsys.readouterr())
    assert str(path) in said
    assert NEWEST in said
    assert run(f"sqlite:///{path}") == 0
    assert "".join(capsys.readouterr()) != said
    open_store(path).close()


@pytest.mark.postgis
def test_a_server_is(postgis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(postgis_url) == 3
    assert "s3cret" not in "".join(capsys.readouterr())
    make_small_city(postgis_url).close()
    engine = writing_engine(server_url(postgis_url), ServerOptions())
    with engine.begin() as connection:
        # As the sixth schema left it: what came later is taken away again.
        connection.execute(text("DROP TABLE amendments, publications"))
        migrating.stamp(connection, 6)
    engine.dispose()
    assert run(postgis_url) == 0
    said = "".join(capsys.readouterr())
    assert NEWEST in said
    assert "s3cret" not in said
    open_store(postgis_url).close()
