"""The real server over the invented city, asked without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.context import Context
from dashboard.server import create_server
from geo_data.settings import Settings
from geo_data.store import Store


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut fonts are kept here for all tests: cutting takes seconds."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def context(clearbay: Store, clock: Callable[[], datetime], cache_dir: Path) -> Context:
    return Context(Settings(data_dir=cache_dir), clearbay, clock)


@pytest.fixture
def client(context: Context) -> Iterator[TestClient]:
    with TestClient(create_server(context.settings, context.store, context.clock)) as client:
        yield client
