"""A folder with a two-level city that a test may spoil."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo_data.importer import Prepared, prepare_city

Feature = dict[str, Any]
NORTH = [[0, 5], [10, 5], [10, 10], [0, 10], [0, 5]]
SOUTH = [[0, 0], [10, 0], [10, 5], [0, 5], [0, 0]]


def degrees(ring: list[list[float]]) -> list[list[float]]:
    """A ring in hundredths of a degree from 121 E 31 N."""
    return [[121 + x / 100, 31 + y / 100] for x, y in ring]


def ward(code: object, ring: list[list[float]], name: str | None = "甲", **more: object) -> Feature:
    geometry = {"type": "Polygon", "coordinates": [degrees(ring)]}
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name, **more},
        "geometry": geometry,
    }


@dataclass
class Workshop:
    """A folder with a two-level city: wards W01 and W02, one above the other."""

    folder: Path

    @property
    def city_file(self) -> Path:
        return self.folder / "city.toml"

    def write(self, features: list[Feature], sources: str = "", wards: str = "") -> None:
        table = {"type": "FeatureCollection", "features": features}
        (self.folder / "wards.geojson").write_text(json.dumps(table), encoding="utf-8")
        self.city_file.write_text(
            f"""
            code = "C"
            name = {{ zh = "测试市", en = "Test" }}
            bbox = [120.9, 30.9, 121.2, 31.2]
            metric-crs = "EPSG:4549"
            [[levels]]
            key = "city"
            name = {{ zh = "市", en = "City" }}
            [[levels]]
            key = "ward"
            name = {{ zh = "区", en = "Ward" }}
            code-pattern = "W[0-9]+"
            [[sources]]
            layer = "regions"
            level = "ward"
            file = "wards.geojson"
            {wards}
            {sources}
            """,
            encoding="utf-8",
        )

    def prepare(self, features: list[Feature], sources: str = "", wards: str = "") -> Prepared:
        self.write(features, sources, wards)
        return prepare_city(self.city_file)

    def points(self, text: str, more: str = 'crs = "EPSG:4326"') -> Prepared:
        """Prepare the good city with a table of places."""
        (self.folder / "points.csv").write_text(text, encoding="utf-8")
        source = f'[[sources]]\nlayer = "places"\nkind = "school"\nfile = "points.csv"\n{more}\n'
        return self.prepare(GOOD, source)


GOOD = [ward("W01", SOUTH), ward("W02", NORTH)]
