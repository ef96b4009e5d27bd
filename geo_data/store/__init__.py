"""Where everything is kept: one definition of tables, a file or a server, reading and writing."""

from geo_data.store.copy_report import CopyReport
from geo_data.store.copying import copy_city, store_address_of
from geo_data.store.engine import LayerVersion, Store
from geo_data.store.file import STORE_EXIT, raw_connection
from geo_data.store.layer_rows import note_layer, replace_layer, write_layer
from geo_data.store.making import alone, made_anew, shown_address, store_exists
from geo_data.store.opening import Address, migrate, open_store

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
