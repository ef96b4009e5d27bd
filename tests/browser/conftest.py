"""Chromium before the real server with the demo city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from geo_data.demo import make_demo
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.chromium import CHROMIUM, FLAGS
from tests.serving import Served

# A frame of the map takes a second of software GL on a busy machine of two cores.
expect.set_options(timeout=60_000)
DRAWN = "() => document.documentElement.dataset.mapDrawn === '1'"


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("demo") / "city.gpkg"
    make_demo(path, "310117", now=datetime.now(UTC), seed=7, progress=lambda _key, _share: None)
    store = open_store(path)
    yield store
    store.close()


@pytest.fixture(scope="session")
def served(demo_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), simulator_rate=0)
    server = Served(demo_store, settings).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: while it is open its event loop runs, and no other test may have one.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Visitor:
    """A page that remembers who it talked to and what it complained of."""

    def __init__(self, page: Page, host: str) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._asked(request.url, host))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, url: str, host: str) -> None:
        split = urlsplit(url)
        if split.scheme not in ("data", "blob") and split.netloc != host:
            self.elsewhere.append(url)

    def go(self, url: str) -> Page:
        self.page.goto(url)
        self.page.wait_for_function(DRAWN, timeout=60_000)
        return self.page


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Open an address of the server; at the end nothing may have gone elsewhere or wrong."""
    contexts, visitors = [], []

    def open_page(address: str = "/", width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        visitor = Visitor(context.new_page(), urlsplit(served.url).netloc)
        contexts.append(context)
        visitors.append(visitor)
        return visitor.go(served.url + address)

    yield open_page
    for context in contexts:
        context.close()
    assert [url for visitor in visitors for url in visitor.elsewhere] == []
    assert [text for visitor in visitors for text in visitor.complaints] == []
