"""Typed settings: defaults < city file (``[settings]``) < environment (``YIPING_…``)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from geo_data.faults import Fault, InputError, nearest

PREFIX = "YIPING_"
NOT_SETTINGS = frozenset({"YIPING_REQUIRE"})
"""Read by the tests, not by the product."""


class Settings(BaseSettings):
    """How this process runs.

    Parameters
    ----------
    host, port
        Where the page is served.
    data_dir : Path
        Folder of the embedded store, caches and the demo city.
    database_url : str or None
        ``None`` is the embedded store in ``data_dir``; ``sqlite:///file.gpkg`` names one, and
        ``postgresql+psycopg://user:password@host/database`` a server's.
    database_replica_url : str or None
        A read-only copy of the server's database, for the reads.
    database_pool_size : int
        Most connections of readers to the server; one more writes, one listens.
    database_read_timeout_s, database_write_timeout_s : float
        A statement that takes longer is ended by the server.
    database_lock_timeout_s : float
        How long a writer waits for another process' writer on the server.
    keep_observations_days, keep_incidents_days : int or None
        How long observations and ended cases are kept; ``None`` is for ever. The daily and hourly
        counts stay in any case. The pages read the rows of two months.
    city : Path or None
        A city file; ``None`` is the demo city.
    language : str
        What the page speaks when the URL does not say.
    scope_region : str or None
        Root of what viewers of this process may see: a town's own screen.
    export_dir : Path or None
        Folder of exported files, the same for all processes of a server; ``exports`` in
        ``data_dir`` unless said.
    export_workers : int or None
        How many exports are made at once; one less than there are cores unless said, one at least.
    export_memory_mb, export_timeout_s : int, float
        What one export may take before it is ended.
    keep_exports_days, keep_exports_mb : int
        How long files of exports are kept, and how much of them, oldest gone first. Their
        records stay.
    public_url : str or None
        Address under which people reach this server, for the square codes of sheets; that of the
        request unless said.
    admin_key_sha256 : str or None
        SHA-256, in hexadecimal, of the key with which thresholds may be changed; nobody may
        unless said.
    simulator_rate : float
        Incidents per hour of the demo simulator; 0 is off.
    simulator_speed : float
        City seconds per real second (time lapse).
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8050
    data_dir: Path = Path("data")
    database_url: str | None = None
    database_replica_url: str | None = None
    database_pool_size: Annotated[int, Field(ge=1, le=1000)] = 10
    database_read_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    database_write_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    database_lock_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    keep_observations_days: Annotated[int, Field(ge=62)] | None = None
    keep_incidents_days: Annotated[int, Field(ge=62)] | None = None
    export_dir: Path | None = None
    export_workers: Annotated[int, Field(ge=1, le=64)] | None = None
    export_memory_mb: Annotated[int, Field(ge=256)] = 2048
    export_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    keep_exports_days: Annotated[int, Field(ge=1)] = 30
    keep_exports_mb: Annotated[int, Field(ge=1)] = 4096
    public_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+(/[^\s]*)?$")] | None = None
    admin_key_sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    city: Path | None = None
    language: Literal["zh-CN", "en"] = "zh-CN"
    scope_region: str | None = None
    simulator_rate: Annotated[float, Field(ge=0)] = 12.0
    simulator_speed: Annotated[float, Field(gt=0)] = 1.0

    @property
    def store_path(self) -> Path:
        """File of the embedded store."""
        if self.database_url and self.database_url.startswith("sqlite:///"):
            return Path(self.database_url.removeprefix("sqlite:///"))
        return self.data_dir / "city.gpkg"

    @property
    def export_folder(self) -> Path:
        """Folder of exported files."""
        return self.export_dir or self.data_dir / "exports"

    @property
    def tile_dir(self) -> Path:
        """Folder of the tiles that were made before anybody asked."""
        return self.data_dir / "tiles"


def read_settings(
    declared: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    **given: object,
) -> Settings:
    """Settings of this process.

    Parameters
    ----------
    declared : Mapping, optional
        The ``[settings]`` table of a city file, kebab-case.
    environment : Mapping, optional
        ``os.environ`` unless a test says otherwise.
    **given
        What the command line said: wins over everything.

    Raises
    ------
    InputError
        An unknown key (the nearest known one is named) or a value of the wrong form.
    """
    environment = os.environ if environment is None else environment
    known = frozenset(Settings.model_fields)
    names = {
        name: name.removeprefix(PREFIX).lower()
        for name in environment
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }
    faults = [
        Fault(
            "unknown-setting",
            field=name,
            values={"key": name, "nearest": PREFIX + nearest(key, known).upper()},
        )
        for name, key in names.items()
        if key not in known
    ]
    values: dict[str, object] = {}
    for key, value in (declared or {}).items():
        name = key.replace("-", "_")
        if name not in known:
            near = {"key": key, "nearest": nearest(name, known).replace("_", "-")}
            faults.append(Fault("unknown-setting", field=key, values=dict(near)))
        values[name] = value
    if faults:
        raise InputError(*faults)
    values |= {key: environment[name] for name, key in names.items()}
    values |= {key: value for key, value in given.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InputError(*(_bad_value(problem) for problem in error.errors())) from error


def _bad_value(problem: ErrorDetails) -> Fault:
    name = PREFIX + str(problem["loc"][0]).upper()
    return Fault("bad-value", field=name, values={"error": problem["msg"]})
