"""Databases of others, taken away at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.geo_data.foreign import Foreign, ForeignFile, ForeignServer
from tests.postgis_server import PostgisServer

FOREIGN = ["file", pytest.param("server", marks=pytest.mark.postgis)]


@pytest.fixture(params=FOREIGN)
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Foreign]:
    if request.param == "file":
        yield ForeignFile(tmp_path / "grid.db")
        return
    server: PostgisServer = request.getfixturevalue("postgis_server")
    made = ForeignServer(server)
    yield made
    server.drop(made.name)


@pytest.fixture
def foreign_server(postgis_server: PostgisServer) -> Iterator[ForeignServer]:
    made = ForeignServer(postgis_server)
    yield made
    postgis_server.drop(made.name)
