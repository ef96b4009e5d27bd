"""A city's own files into the store, with a report of every row that was not taken as it came."""

from geo_data.importer.city_import import FINGERPRINT, fingerprint, import_city, is_current
from geo_data.importer.preparing import Prepared, Progress, check_store, prepare_city
from geo_data.importer.refusal import report_of
from geo_data.importer.report import ImportReport
from geo_data.importer.report_page import report_page

__all__ = [
    "FINGERPRINT",
    "ImportReport",
    "Prepared",
    "Progress",
    "check_store",
    "fingerprint",
    "import_city",
    "is_current",
    "prepare_city",
    "report_of",
    "report_page",
]
