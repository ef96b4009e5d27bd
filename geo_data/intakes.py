"""Intakes: the systems that tell a city of cases, steps and readings, as its file declares them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from geo_data.faults import nearest
from geo_data.sources import Count, Entry, wrong
from geo_data.ways_in import EnvName, Folder, ForeignTable, Mqtt
from geo_data.words import Label

TELLS = {
    "incidents": (
        *("source_id", "code", "title", "channel", "category", "severity", "happened_at"),
        *("reported_at", "lon", "lat", "region_code", "place_code", "address", "stages"),
    ),
    "stages": ("source_id", "stage", "happened_at", "actor", "note"),
    "observations": ("sensor_code", "value", "observed_at"),
}
"""What an intake may tell, and the fields of each."""

FACTORS = {
    ("Pa", "MPa"): 1e-6,
    ("kPa", "MPa"): 1e-3,
    ("bar", "MPa"): 0.1,
    ("m", "cm"): 100.0,
    ("mm", "cm"): 0.1,
    ("mg/m³", "µg/m³"): 1000.0,
    ("µg/m³", "mg/m³"): 1e-3,
}
"""(their unit, ours) -> what a value is multiplied by."""


class Intake(Entry):
    """One system that tells us something: over HTTP with a key, or fetched from by us.

    Parameters
    ----------
    key : str
        What the city calls it.
    tells : str
        ``incidents``, ``stages`` or ``observations``.
    name : Label, optional
        What people call it, in both languages; ``key`` unless said.
    period_s : int, optional
        How often it usually tells something: it is late after 1.5 of it, silent after 3.
    source : str, optional
        Under which name its cases are known; ``key`` unless said. An intake that tells the steps
        of another's cases names that one.
    key_sha256, key_sha256_env : str, optional
        SHA-256 of its API key in hexadecimal, or the environment variable that holds it: one of
        them. The key itself stands nowhere.
    mqtt : Mqtt, optional
        Topics of a broker, instead of a key.
    table : ForeignTable, optional
        A table or view of another database, instead.
    folder : Folder, optional
        A folder with files, instead.
    per_minute : int
        How many messages a minute it may send; as many at once.
    timezone : str, optional
        Where its times without an offset are meant; the city's unless said.
    channel : str, optional
        Channel of cases that do not say one.
    severity : int, optional
        Severity of cases that do not say one, 1 to 4.
    unit, to_unit : str, optional
        Theirs and ours: values are converted.
    fields : dict
        Our field -> their field, a path of names with dots for what lies deeper.
    values : dict
        Our field -> (their word -> ours).
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    tells: Literal["incidents", "stages", "observations"]
    name: Label | None = None
    period_s: Count | None = None
    source: str | None = None
    key_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    key_sha256_env: EnvName | None = None
    mqtt: Mqtt | None = None
    table: ForeignTable | None = None
    folder: Folder | None = None
    per_minute: Annotated[int, Field(gt=0)] = 6000
    timezone: str | None = None
    channel: str | None = None
    severity: Annotated[int, Field(ge=1, le=4)] | None = None
    unit: str | None = None
    to_unit: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Intake:
        known = TELLS[self.tells]
        for name in (*self.fields, *self.values):
            if name.replace("-", "_") not in known:
                near = nearest(name.replace("-", "_"), known).replace("_", "-")
                raise wrong("unknown-field", key=name, nearest=near)
        ways = (self.key_sha256, self.key_sha256_env, self.mqtt, self.table, self.folder)
        if sum(way is not None for way in ways) != 1:
            raise wrong("intake-way", key=self.key)
        units = (self.unit or "", self.to_unit or "")
        if units != ("", "") and units not in FACTORS:
            raise wrong("unknown-units", unit=units[0], to=units[1])
        try:
            ZoneInfo(self.timezone or "UTC")
        except Exception as error:
            raise wrong(
                "unknown-timezone", timezone=self.timezone, nearest="Asia/Shanghai"
            ) from error
        return self

    def from_folder(self, folder: Path) -> Intake:
        """Return it with the paths of a city file in ``folder`` made whole.

        The store keeps the city but not the folder of its file.
        """
        ways = {"mqtt": self.mqtt, "table": self.table, "folder": self.folder}
        whole = {name: way.from_folder(folder) for name, way in ways.items() if way}
        return self.model_copy(update=whole)

    @property
    def way(self) -> str:
        """By which way it comes: ``http``, ``mqtt``, ``table`` or ``folder``."""
        ways = {"mqtt": self.mqtt, "table": self.table, "folder": self.folder}
        return next((name for name, way in ways.items() if way), "http")

    @property
    def address(self) -> str | None:
        """Where it is fetched from, for people; ``None`` where it posts to us."""
        way = self.mqtt or self.table or self.folder
        return way.address if way else None

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """Where its times without an offset are meant, if it says so."""
        return ZoneInfo(self.timezone) if self.timezone else None

    @cached_property
    def paths(self) -> dict[str, str]:
        """Where each of our fields stands in its messages."""
        named = {name.replace("-", "_"): path for name, path in self.fields.items()}
        return {name: named.get(name, name) for name in TELLS[self.tells]}

    @cached_property
    def words(self) -> dict[str, dict[str, str]]:
        """Its words for ours, by our field."""
        return {name.replace("-", "_"): table for name, table in self.values.items()}

    @cached_property
    def factor(self) -> float:
        """What its values are multiplied by."""
        return FACTORS.get((self.unit or "", self.to_unit or ""), 1.0)
