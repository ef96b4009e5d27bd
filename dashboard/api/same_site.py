"""Requests that change something: from our own pages or from programs, from no other site."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from dashboard.api.problem import problem
from geo_data.faults import Fault


def same_site(request: Request) -> None:
    """Refuse what a page of another site sends; browsers say so, programs send no ``Origin``.

    Raises
    ------
    HTTPException
        403.
    """
    origin, told = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    ours = told in ("same-origin", "none") if told else not origin or _is_ours(request, origin)
    if not ours:
        raise problem(403, Fault("other-site", values={"origin": origin or told}))


def _is_ours(request: Request, origin: str) -> bool:
    # Without the scheme: a proxy may have taken TLS off.
    return urlsplit(origin).netloc == request.headers.get("host", "")
