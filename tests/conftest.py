"""What every test may use: a stopped clock, a small store, and honest skipping.

``YIPING_REQUIRE=browser,postgis,mqtt,poppler`` names the markers whose tools must be there: their
tests then fail instead of skipping.
"""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from geo_data.importer import import_city
from geo_data.store import Store, open_store
from tests.geo_data.lived_city import make_lived_city, opened
from tests.postgis_server import PostgisServer, has_postgis
from tests.stores import Address, Databases, Files, Stores

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "clearbay.toml"
REAL = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def _has_chromium() -> bool:
    own = Path.home() / ".cache" / "ms-playwright"
    return find_spec("playwright") is not None and (
        shutil.which("chromium") is not None or any(own.glob("chromium*"))
    )


def _has_broker() -> bool:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def _has_poppler() -> bool:
    return all(shutil.which(tool) for tool in ("pdftotext", "pdffonts", "pdftoppm"))


_TOOLS: dict[str, tuple[Callable[[], bool], str]] = {
    "browser": (_has_chromium, "pip install playwright && playwright install chromium"),
    "postgis": (has_postgis, "apt-get install postgresql postgresql-15-postgis-3"),
    "mqtt": (_has_broker, "apt-get install mosquitto"),
    "poppler": (_has_poppler, "apt-get install poppler-utils"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    required = set(filter(None, os.environ.get("YIPING_REQUIRE", "").split(",")))
    if unknown := required - set(_TOOLS):
        pytest.fail(f"YIPING_REQUIRE knows {', '.join(_TOOLS)}; not {', '.join(sorted(unknown))}")
    for marker, (is_there, remedy) in _TOOLS.items():
        if item.get_closest_marker(marker) is None or is_there():
            continue
        said = f"{marker} tests need: {remedy}"
        (pytest.fail if marker in required else pytest.skip)(said)
    if item.get_closest_marker("real") is not None and not REAL.is_dir():
        pytest.skip(f"the real data is not at {REAL}")


def pytest_collection_finish() -> None:
    # Libraries and collected tests are a million objects: looked through again and again for
    # garbage, they cost a part of every test.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for the server needs it: no test must remember to say so."""
    for item in items:
        if "postgis_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgis)


class FileByFile(LoadScopeScheduling):
    """Two processes share the tests, a file at a time, so that what a module makes is made once.

    All that need Chromium go to one of them, as it draws on every core there is: two side by side
    take longer than one after the other.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "browser" if path.startswith("tests/browser/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FileByFile:
    return FileByFile(config, log)


def _listening() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "commit-watch"}


@pytest.fixture(autouse=True, scope="module")
def every_store_is_closed() -> Iterator[None]:
    """A store of the server's that is left open goes on asking, and is heard by other tests."""
    before = _listening()
    yield
    assert _listening() <= before, "a store of this module was left open"


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[PostgisServer]:
    """A throw-away PostgreSQL with PostGIS, started when the first test asks for it."""
    server = PostgisServer()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def postgis_url(postgis_server: PostgisServer) -> Iterator[str]:
    """Address of an empty database with PostGIS, one for each test."""
    name = postgis_server.fresh()
    yield postgis_server.url(name)
    postgis_server.drop(name)


@pytest.fixture(scope="module")
def postgis_module_url(postgis_server: PostgisServer) -> Iterator[str]:
    """Address of a database with PostGIS that the tests of one module share."""
    name = postgis_server.fresh()
    yield postgis_server.url(name)
    postgis_server.drop(name)


STORES = ["embedded", pytest.param("postgis", marks=pytest.mark.postgis)]


@pytest.fixture(scope="session", params=STORES)
def store_kind(request: pytest.FixtureRequest) -> str:
    """Which store; a test that leads here runs once with each."""
    return str(request.param)


def _stores(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Stores]:
    stores: Stores = (
        Databases(request.getfixturevalue("postgis_server")) if kind == "postgis" else Files(folder)
    )
    yield stores
    stores.remove()


@pytest.fixture
def stores(store_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Addresses of stores for one test."""
    yield from _stores(store_kind, request, tmp_path)


@pytest.fixture(scope="module")
def module_stores(
    store_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stores]:
    """Addresses of stores that the tests of a module share."""
    yield from _stores(store_kind, request, tmp_path_factory.mktemp("stores"))


@pytest.fixture(scope="module")
def lived_city(module_stores: Stores) -> Address:
    """Where the small city with a past lies, closed: to be copied."""
    address = module_stores.new()
    make_lived_city(address).close()
    return address


@pytest.fixture
def lived_store(lived_city: Address, stores: Stores) -> Iterator[Store]:
    """The small city with a past, one for each test, in each store."""
    with opened(open_store(stores.copy(lived_city))) as store:
        yield store


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment at which the tests' clock stands still."""
    return NOW


@pytest.fixture(scope="session")
def clock(now: datetime) -> Callable[[], datetime]:
    """A stopped clock."""
    return lambda: now


@pytest.fixture(scope="session")
def example_city() -> Path:
    """The city file of the invented city: city, ward, precinct."""
    return EXAMPLE


@pytest.fixture(scope="session")
def _clearbay(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Path:
    path = tmp_path_factory.mktemp("clearbay") / "clearbay.gpkg"
    import_city(EXAMPLE, path, now)
    return path


@pytest.fixture
def clearbay_path(_clearbay: Path, tmp_path: Path) -> Path:
    """A store of the invented city, one for each test."""
    return Path(shutil.copy(_clearbay, tmp_path / "clearbay.gpkg"))


@pytest.fixture
def clearbay(clearbay_path: Path) -> Iterator[Store]:
    """The invented city's store, open."""
    store = open_store(clearbay_path)
    yield store
    store.close()


@pytest.fixture
def real_data() -> Path:
    """Folder of the real Songjiang data; ask for it under the ``real`` marker."""
    return REAL
