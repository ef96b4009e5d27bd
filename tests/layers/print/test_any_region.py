"""Twenty regions of any shape on every sheet: nothing on another, nothing cut, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_data.city import City, Level
from geo_data.records import Scope
from geo_data.store import Store, open_store, write_layer
from geo_data.words import Label
from layers.print import Sheet, SheetRequest, situation_map, templates
from tests.layers.print.judging import faults

AT = datetime(2025, 6, 1, 4, tzinfo=UTC)
WEST, SOUTH, SIDE = 121.0, 30.9, 0.3
REGIONS = 20


def _shapes() -> list[shapely.Geometry]:
    """Random convex and notched shapes, a very thin one, and one of a few metres."""
    rng = np.random.default_rng(4)
    found: list[shapely.Geometry] = []
    for n in range(REGIONS - 2):
        centre = (WEST + 0.03 + (n % 6) * 0.045, SOUTH + 0.03 + (n // 6) * 0.08)
        size = rng.uniform(0.002, 0.02)
        stretch = rng.uniform(0.2, 1.0)
        cloud = rng.normal(0, 1, (12, 2)) * (size, size * stretch) + centre
        shape = shapely.MultiPoint(cloud).convex_hull
        found.append(shape.difference(shapely.Point(cloud[0]).buffer(size / 3)))
    thin = shapely.LineString([(WEST, SOUTH + 0.001), (WEST + SIDE, SOUTH + 0.02)]).buffer(4e-4)
    tiny = shapely.Point(WEST + 0.29, SOUTH + 0.29).buffer(2e-5)
    return [*found, thin, tiny]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    city = City(
        code="odd",
        name=Label(zh="形状各异之城", en="Odd city"),
        bbox=(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE),
        metric_crs="EPSG:4549",
        levels=tuple(
            Level(key=key, name=Label(zh=zh, en=key))
            for key, zh in (("district", "区"), ("town", "街镇"), ("grid", "网格"))
        ),
    )
    store = open_store(tmp_path_factory.mktemp("odd") / "odd.gpkg", city, create=True)
    shapes = _shapes()
    names = [
        f"很长很长的名字之第{n}街道（经济技术开发区）" if n % 3 else f"{n}镇"
        for n in range(REGIONS)
    ]
    whole = shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
    rows: dict[str, tuple[list[Any], list[Any], list[str], list[Any]]] = {
        "district": (["odd"], [None], ["形状各异之城"], [whole]),
        "town": ([f"t{n}" for n in range(REGIONS)], ["odd"] * REGIONS, names, shapes),
        "grid": (
            [f"t{n}g" for n in range(REGIONS)],
            [f"t{n}" for n in range(REGIONS)],
            [f"{name}第1网格" for name in names],
            shapes,
        ),
    }
    for level, (codes, parents, called, found) in rows.items():
        columns = {"code": codes, "parent_code": parents, "name": called}
        frame = gpd.GeoDataFrame(columns, geometry=found, crs=4326)
        write_layer(store, f"regions/{level}", frame, "test", AT)
    yield store
    store.close()


def drawn(odd: Store, region: str, template: str, language: str = "zh-CN") -> Sheet:
    request = SheetRequest(
        region_code=region,
        at=AT,
        drawn_at=AT + timedelta(hours=1),
        template=template,
        language=language,
        unit="松江区城市运行管理中心（城市数字化转型办公室）",
        reviewer="欧阳审核",
        user="operator.zhang",
        number="YP-20250601-000123",
        secrecy="秘密",
        secrecy_term="10年",
    )
    return situation_map(odd, Scope(), request)


@pytest.mark.parametrize("template", sorted(templates()))
@pytest.mark.parametrize("region", [f"t{n}" for n in range(REGIONS)])
def test_every_region_on_every_sheet(odd: Store, region: str, template: str) -> None:
    sheet = drawn(odd, region, template, "en" if int(region[1:]) % 4 == 0 else "zh-CN")
    assert faults(sheet) == []
    bounds = shapely.transform(sheet.contents.outline, sheet.frame.page).bounds
    box = sheet.frame.box
    assert box.x <= bounds[0]
    assert box.y <= bounds[1]
    assert bounds[2] <= box.right
    assert bounds[3] <= box.bottom


def test_a_layer_without_anything_is_no_line_of_the_legend(odd: Store) -> None:
    sheet = drawn(odd, "odd", "a3-landscape")
    assert sheet.features()["incidents"] == ()
    by_key = {group.key: group for group in sheet.legend}
    assert sum(row.count or 0 for row in by_key["incidents"].rows) == 0
    assert {count.layer for count in sheet.counts} == {
        "region-district",
        "region-town",
        "region-grid",
    }


def test_a_title_that_is_too_long_is_broken_not_cut(odd: Store) -> None:
    sheet = drawn(odd, "t1", "a4-portrait")
    said = "".join(sheet.texts())
    assert "很长很长的名字之第1街道（经济技术开发区）城市运行态势图" in said
