"""Withheld fields: what a viewer may know to exist but not read."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from geo_data.records import Scope

MASK = "***"

Record = TypeVar("Record")


def mask(record: Record, scope: Scope) -> Record:
    """Return ``record`` with the fields and attributes that ``scope`` withholds as ``***``.

    Fields that hold no text (numbers, times) and identities are withheld by leaving the whole
    object out of the scope, not here.
    """
    if not scope.masked:
        return record
    shown: dict[str, Any] = {}
    for field in fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if field.name == "attributes":
            shown["attributes"] = mask_attributes(value, scope)
        elif field.name in scope.masked and isinstance(value, str):
            shown[field.name] = MASK
    return replace(record, **shown) if shown else record  # type: ignore[type-var]


def mask_attributes(attributes: dict[str, object], scope: Scope) -> dict[str, object]:
    """Return free attributes, keys kept, withheld values as ``***``."""
    return {name: MASK if name in scope.masked else value for name, value in attributes.items()}
