"""Where everything is kept: one definition of tables, a file or a server, reading and writing.

What copies cities and what makes them on a server is loaded by who asks for it: with the drivers
it takes as long as all the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from geo_data.store.engine import LayerVersion, Store
from geo_data.store.file import STORE_EXIT, raw_connection
from geo_data.store.layer_rows import note_layer, replace_layer, write_layer
from geo_data.store.opening import Address, migrate, open_store

if TYPE_CHECKING:
    from geo_data.store.copy_report import CopyReport
    from geo_data.store.copying import copy_city, store_address_of
    from geo_data.store.making import alone, made_anew, shown_address, store_exists

__all__ = [
    "STORE_EXIT",
    "Address",
    "CopyReport",
    "LayerVersion",
    "Store",
    "alone",
    "copy_city",
    "made_anew",
    "migrate",
    "note_layer",
    "open_store",
    "raw_connection",
    "replace_layer",
    "shown_address",
    "store_address_of",
    "store_exists",
    "write_layer",
]

_LATER = {
    "CopyReport": "copy_report",
    "alone": "making",
    "copy_city": "copying",
    "made_anew": "making",
    "shown_address": "making",
    "store_address_of": "copying",
    "store_exists": "making",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
