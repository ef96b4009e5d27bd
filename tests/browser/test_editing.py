"""A layer is replaced while screens are open: they change over and are never blank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import geopandas as gpd
import pytest
from playwright.sync_api import Page, expect

from geo_data import queries
from geo_data.records import Scope
from geo_data.store import Store, write_layer
from tests.browser.probes import HERE, SETTLED

pytestmark = pytest.mark.browser
EVERYONE = Scope.everything()
LEVEL = "town"
WATCH = """() => {
    const debug = window.yiping.map.debug;
    window.__frames = [];
    const look = () => {
        const chain = debug.state.source("chain");
        const canvas = document.querySelector("canvas");
        const area = canvas.width * canvas.height;
        const town = chain && chain.levels[1] ? chain.levels[1].codes.length : 0;
        const layers = debug.deck.props.layers.filter(Boolean).length;
        const names = (debug.names || []).length;
        const digits = document.querySelectorAll(".vital .digits").length;
        window.__frames.push([town, layers, names, digits, area]);
        window.__watching = requestAnimationFrame(look);
    };
    look();
}"""


def towns(store: Store) -> gpd.GeoDataFrame:
    frame = queries.region_shapes(store, EVERYONE, LEVEL)
    tree = queries.region_tree(store, EVERYONE)
    regions = [tree.get(code) for code in frame["code"]]
    return frame.assign(population=[region.population for region in regions if region])


@pytest.fixture
def original(demo_store: Store) -> Iterator[gpd.GeoDataFrame]:
    """The towns as they are, put back at the end."""
    frame = towns(demo_store)
    yield frame
    write_layer(demo_store, f"regions/{LEVEL}", frame, "demo", datetime.now(UTC))


@pytest.mark.parametrize("address", ["/", "/wall"])
def test_a_replaced_layer_changes_over_without_a_blank_frame(
    visit: Callable[..., Page], demo_store: Store, original: gpd.GeoDataFrame, address: str
) -> None:
    page = visit(address, 1600, 900)
    page.wait_for_function(HERE)
    page.wait_for_function(SETTLED, polling=250)
    version = page.evaluate("() => window.yiping.map.debug.spec.version")
    contexts = page.evaluate("() => window.yiping.map.debug.contexts")
    page.evaluate(WATCH)

    renamed = original.assign(name=original["name"].replace("佘山镇", "佘山新镇"))
    write_layer(demo_store, f"regions/{LEVEL}", renamed, "edited", datetime.now(UTC))

    page.wait_for_function(
        f"() => window.yiping.map.debug.spec.version !== {version!r}"
        " && window.yiping.map.debug.names.some(({text}) => text === '佘山新镇')",
        timeout=20_000,
    )
    expect(page.locator(".rank", has_text="佘山新镇")).to_have_count(1)
    # A busy machine draws a frame now and then: some before the change, and some after it.
    page.wait_for_function("() => window.__frames.length > 3")
    frames = page.evaluate("() => (cancelAnimationFrame(window.__watching), window.__frames)")
    for part in zip(*frames, strict=True):
        # As much of everything in every frame as in the fullest: towns, layers, numbers, canvas.
        assert min(part) > 0
    assert {frame[0] for frame in frames} == {len(original)}
    assert len({frame[4] for frame in frames}) == 1
    assert page.evaluate("() => window.yiping.map.debug.contexts") == contexts
