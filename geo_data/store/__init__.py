"""Where everything is kept: one definition of tables, the file they lie in, reading and writing."""

from geo_data.store.engine import LayerVersion, Store, open_store
from geo_data.store.file import STORE_EXIT
from geo_data.store.layer_rows import note_layer, raw_connection, replace_layer, write_layer

__all__ = [
    "STORE_EXIT",
    "LayerVersion",
    "Store",
    "note_layer",
    "open_store",
    "raw_connection",
    "replace_layer",
    "write_layer",
]
