"""Chromium before the real server with the demo city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dashboard.early_warning import desk as early_warning_desk
from geo_data.demo import make_demo
from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.browser.probes import HERE, SETTLED
from tests.chromium import CHROMIUM, FLAGS
from tests.serving import Served

# A frame of the map takes a second of software GL on a busy machine of two cores.
expect.set_options(timeout=60_000)
DRAWN = "() => document.documentElement.dataset.mapDrawn === '1'"
TURN = """(search) => {
    document.activeElement.blur();
    for (const box of document.querySelectorAll("details[open]")) box.open = false;
    window.yiping.page.go(search);
}"""
LAID = """(search) => location.search.replace(/^\\?$/, "") === search
    && (window.yiping.page.laid() || "").replace(/^\\?$/, "") === search"""


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
    with pytest.MonkeyPatch.context() as patch:
        # Early warning has tests of its own: here its looks would only make pages wait.
        patch.setattr(early_warning_desk, "FIRST_S", 7200.0)
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
        self.page.wait_for_function(DRAWN)
        return self.page


def opened(browser: Browser, served: Served, width: int, height: int) -> Visitor:
    context = browser.new_context(viewport={"width": width, "height": height})
    # The first page of a server finds everything cold, on a busy machine.
    context.set_default_timeout(120_000)
    return Visitor(context.new_page(), urlsplit(served.url).netloc)


def closed(visitors: list[Visitor]) -> None:
    """Close pages; nothing may have gone elsewhere or wrong."""
    for visitor in visitors:
        visitor.page.context.close()
    assert [url for visitor in visitors for url in visitor.elsewhere] == []
    assert [text for visitor in visitors for text in visitor.complaints] == []


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Open an address of the server in a page of its own."""
    visitors = []

    def open_page(address: str = "/", width: int = 1440, height: int = 900) -> Page:
        visitors.append(opened(browser, served, width, height))
        return visitors[-1].go(served.url + address)

    yield open_page
    closed(visitors)


@pytest.fixture(scope="module")
def open_desk(browser: Browser, served: Served) -> Iterator[Page]:
    """The desk that the tests of a module share: software GL takes ten seconds to open one."""
    visitor = opened(browser, served, 1440, 900)
    yield visitor.go(served.url)
    closed([visitor])


@pytest.fixture(scope="module")
def open_wall(browser: Browser, served: Served) -> Iterator[Page]:
    """The wall that the tests of a module share."""
    visitor = opened(browser, served, 1920, 1080)
    page = visitor.go(f"{served.url}/wall")
    page.wait_for_function(HERE)
    yield page
    closed([visitor])


@pytest.fixture
def desk(open_desk: Page) -> Callable[..., Page]:
    """Turn the open desk to a query, as a link on it does."""

    def turn(search: str = "?") -> Page:
        open_desk.evaluate(TURN, search)
        open_desk.wait_for_function(LAID, arg=search.removesuffix("?"))
        open_desk.wait_for_function(SETTLED, polling=250)
        open_desk.wait_for_function(HERE)
        return open_desk

    return turn
