"""`/healthz`: the process lives. `/readyz`: the first page would draw."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response

from dashboard.api.problem import told
from dashboard.context import Context
from geo_data import queries
from geo_data.alarms.roster import roster_notices
from geo_data.faults import Fault, InputError
from geo_data.rollups import clock_notices


def router(context: Context, troubles: Callable[[], list[Fault]] = lambda: []) -> APIRouter:
    """Return the routes; ``troubles`` tells what this process tries in vain."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        """Answer as long as the process can answer at all."""
        return {"status": "ok"}

    @routes.get("/readyz")
    def readyz(response: Response) -> dict[str, object]:
        """Answer 200 once the city and its regions can be read, 503 before."""
        try:
            tree = queries.region_tree(context.store, context.scope)
            regions = len(tree.finest(tree.root.code))
            notices = [*_notices(context), *troubles()]
        except (InputError, KeyError) as error:
            response.status_code = 503
            said = error.sentences("en") if isinstance(error, InputError) else [str(error)]
            return {"status": "not ready", "reasons": said}
        ready = {"status": "ready", "city": context.store.city.code, "finest_regions": regions}
        if not notices:
            return ready
        return {**ready, "detail": [told(one) for one in notices]}

    return routes


def _notices(context: Context) -> list[Fault]:
    """Return what works only in part: the store, the clock of its cases, the rules of alarms."""
    store, at = context.store, context.clock()
    calendar = store.city.case_clock.notices(at)
    return [*store.notices(), *clock_notices(store), *calendar, *roster_notices(store, at)]
