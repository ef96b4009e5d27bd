"""`/tiles/{layer}/{z}/{x}/{y}.mvt`: vector tiles."""

from __future__ import annotations

from fastapi import APIRouter

from dashboard.context import Context


def router(context: Context) -> APIRouter:
    """Return the route."""
    return APIRouter(prefix="/tiles", tags=["map"])
