"""How an answer says what was wrong: the fault and its remedy, everywhere alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import HTTPException, Request
from pydantic import BaseModel

from geo_data.faults import Fault

LANGUAGE = "en"
"""Programs read it; screens say the same in the viewer's language."""


class Problem(BaseModel):
    """What was wrong with a request, and what to do."""

    error: str
    remedy: str


def told(fault: Fault, language: str = LANGUAGE) -> dict[str, str]:
    """Return a fault as answers say it."""
    return {"error": fault.reason(language), "remedy": fault.remedy(language)}


def problem(status: int, fault: Fault, language: str = LANGUAGE) -> HTTPException:
    """Return what a route raises to answer with a fault."""
    return HTTPException(status, told(fault, language))


def language_of(request: Request) -> str:
    """Return what problems are told in: Chinese to whom asks for it, English to programs."""
    first = request.headers.get("accept-language", "")
    return "zh-CN" if first.lower().startswith("zh") else LANGUAGE


def refusal(faults: Sequence[Fault], language: str, status: int = 422) -> HTTPException:
    """Return what a route raises to refuse a request: its faults with their fields, or the one."""
    found: list[dict[str, Any]] = [{"field": one.field} | told(one, language) for one in faults]
    return HTTPException(status, found[0] if len(found) == 1 else found)
