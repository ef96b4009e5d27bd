"""Which store this process shows: the demo city's, a city file's, or one that is named.

Asked for by the command line and by whoever builds the app; what is not there yet is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from geo_data import rollups
from geo_data.city import read_city
from geo_data.faults import Fault, InputError
from geo_data.settings import Settings, read_settings
from geo_data.store import Address, Store, alone, open_store, store_exists
from geo_data.store.connections import is_server

if TYPE_CHECKING:
    from geo_data.importer import ImportReport, Progress

DEMO_ADCODE = "310117"
_URL = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Provided:
    """An open store, and the report of the import if one was needed for it."""

    store: Store
    report: ImportReport | None = None


def settings_with_city(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Return the settings, those that the city file declares among them.

    Parameters
    ----------
    environment : Mapping, optional
        ``os.environ`` unless a test says otherwise.
    **given
        What the command line said.

    Raises
    ------
    InputError
        An unknown or wrong setting, or a city file that cannot be read.
    """
    settings = read_settings(None, environment, **given)
    if settings.city is None:
        return settings
    declared = read_city(settings.city).settings
    return read_settings(declared, environment, **given)


def provide(
    settings: Settings,
    at: datetime,
    *,
    adcode: str = DEMO_ADCODE,
    progress: Progress | None = None,
) -> Provided:
    """Open the store that the settings ask for, importing or making it first where needed.

    Parameters
    ----------
    settings : Settings
        ``city`` names a city file; without one it is the demo city.
    at : datetime
        Now, aware.
    adcode : str
        Which district the demo city is.
    progress : callable, optional
        Told the step and the share done.

    Raises
    ------
    InputError
        Anything that keeps the store from being used; nothing half-made is left.
    """
    if settings.city is not None:
        return provide_city(settings, settings.city, at, progress=progress)
    address = store_address(settings, f"demo-{adcode}")
    with alone(address):
        if not store_exists(address):
            # Needed once in the life of a data folder, and slow to load.
            from geo_data.demo import make_demo

            make_demo(address, adcode, now=at, progress=progress)
    return Provided(_opened(settings, address, at))


def provide_city(
    settings: Settings, city_file: Path, at: datetime, *, progress: Progress | None = None
) -> Provided:
    """Open the store of a city file; imported again if it, or one of its sources, changed."""
    from geo_data.importer import import_city, is_current

    address, report = store_address(settings, read_city(city_file).code), None
    with alone(address):
        if not is_current(city_file, address):
            report = import_city(city_file, address, at, progress=progress)
    return Provided(_opened(settings, address, at), report)


def _opened(settings: Settings, address: Address, at: datetime) -> Store:
    # The settings say how to use a server, and name it; a file may have another name than theirs.
    if is_server(address):
        return open_store(settings)
    store = open_store(address)
    # A server is recounted when somebody says so; nobody runs commands on a wall PC.
    if rollups.is_outdated(store):
        rollups.recount(store, at)
    return store


def store_address(settings: Settings, name: str) -> Address:
    """Return where a store lies: where ``database_url`` says, else in the data folder.

    Raises
    ------
    InputError
        ``database_url`` is of a kind that is not served.
    """
    url = settings.database_url
    if url is None:
        safe = re.sub(r"[^\w.-]", "_", name)
        return settings.data_dir / f"{safe}.gpkg"
    if is_server(url):
        return url
    if not url.startswith(_URL) or url == _URL:
        field = "YIPING_DATABASE_URL"
        raise InputError(Fault("unknown-database", field=field, values={"url": url}))
    return settings.store_path
