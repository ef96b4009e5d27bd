"""Requests that change what others go by: only with the administrator's key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fastapi import HTTPException, Request

from dashboard.api.problem import Problem, problem, told
from dashboard.api.same_site import same_site
from dashboard.context import Context
from geo_data.faults import Fault, InputError

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "not the administrator's key"},
    403: {"model": Problem, "description": "nobody may change anything here"},
}
"""What a route that changes something may answer."""

Kept = TypeVar("Kept")


def may_change(context: Context, request: Request) -> None:
    """Refuse who has not the administrator's key.

    Raises
    ------
    HTTPException
        401 or 403.
    """
    same_site(request)
    if refused := key_refused(context, request.headers.get("x-api-key") or ""):
        status, fault = refused
        raise problem(status, fault)


def key_refused(context: Context, given: str) -> tuple[int, Fault] | None:
    """Return why a key is not the administrator's, with the status to answer; else nothing."""
    digest = context.settings.admin_key_sha256
    if digest is None:
        return 403, Fault("no-admin-key")
    found = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
    if not hmac.compare_digest(digest.lower(), found):
        return 401, Fault("admin-key", field="key")
    return None


def kept(change: Callable[[], Kept], statuses: Mapping[str, int]) -> Kept:
    """Make a change; what is wrong with it is answered with its field.

    Parameters
    ----------
    statuses : Mapping
        Fault -> HTTP status; 422 unless said.

    Raises
    ------
    HTTPException
        It was refused.
    """
    try:
        return change()
    except InputError as error:
        if error.exit_code != 2:
            raise
        fault = error.faults[0]
        said = told(fault)
        if fault.field:
            said["error"] = f"{fault.field}: {said['error']}"
        raise HTTPException(statuses.get(fault.key, 422), said) from error
