"""A city's own files into the store, with a report of every row that was not taken as it came."""

from geo_data.importer.city_import import (
    FINGERPRINT,
    Prepared,
    Progress,
    fingerprint,
    import_city,
    is_current,
    prepare_city,
)

__all__ = [
    "FINGERPRINT",
    "Prepared",
    "Progress",
    "fingerprint",
    "import_city",
    "is_current",
    "prepare_city",
]
