"""Made-up names that sound right: towns, villages, compounds, parks, roads."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

_TRIES = 6


class Namer:
    """Draws names, each once.

    Parameters
    ----------
    random : Generator
        Draws them.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._given: set[str] = set()

    def town(self, subdistrict: bool) -> str:
        """Return a name like 清溪街道, 石湾镇."""
        return self._once("town", "town-second", "街道" if subdistrict else "镇")

    def place(self) -> str:
        """Return a bare name like 云桥."""
        return self._once("first", "second", "")

    def community(self) -> str:
        """Return a name like 兰亭社区, of an urban 居委会."""
        return self._once("first", "second", "社区")

    def village(self) -> str:
        """Return a name like 沈家浜村, of a rural 村委会."""
        for _ in range(_TRIES):
            tail = self._one("rural")
            head = self._one("family") if tail.startswith("家") else self._one("first")
            if self._fresh(name := f"{head}{tail}村"):
                return name
        return self._once("first", "second", "村")

    def compound(self) -> str:
        """Return a name like 枫桥雅苑."""
        return self._once("first", "second", self._one("compound"))

    def park(self) -> str:
        """Return a name like 泰和智造园."""
        return self._once("first", "second", self._one("park"))

    def road(self, country: bool = False) -> str:
        """Return a name like 文泾路."""
        return self._once("first", "second", self._one("country-road" if country else "road"))

    def company(self) -> str:
        """Return a name like 银川精密机械."""
        return f"{self._one('first')}{self._one('first')}{self._one('company')}"

    def office(self) -> str:
        """Return a name like 嘉和大厦."""
        return self._once("first", "first", self._one("office"))

    def mall(self) -> str:
        """Return a name like 金桂购物中心."""
        return self._once("first", "first", self._one("mall"))

    def _one(self, key: str) -> str:
        known = _words()[key]
        return str(known[int(self._random.integers(len(known)))])

    def _fresh(self, name: str) -> bool:
        if name in self._given:
            return False
        self._given.add(name)
        return True

    def _once(self, first: str, second: str, tail: str) -> str:
        for _ in range(_TRIES):
            head, end = self._one(first), self._one(second)
            if head != end and self._fresh(name := f"{head}{end}{tail}"):
                return name
        while True:
            # Two characters are used up before three are.
            head, middle, end = self._one(first), self._one(first), self._one(second)
            if self._fresh(name := f"{head}{middle}{end}{tail}"):
                return name


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("geo_data.demo") / "names.toml").read_text(encoding="utf-8"))
