"""How an answer says what was wrong: the fault and its remedy, everywhere alike."""

from __future__ import annotations

from fastapi import HTTPException
from pydantic import BaseModel

from geo_data.faults import Fault

LANGUAGE = "en"
"""Programs read it; screens say the same in the viewer's language."""


class Problem(BaseModel):
    """What was wrong with a request, and what to do."""

    error: str
    remedy: str


def told(fault: Fault) -> dict[str, str]:
    """Return a fault as answers say it."""
    return {"error": fault.reason(LANGUAGE), "remedy": fault.remedy(LANGUAGE)}


def problem(status: int, fault: Fault) -> HTTPException:
    """Return what a route raises to answer with a fault."""
    return HTTPException(status, told(fault))
