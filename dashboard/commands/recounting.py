"""``python app.py recount``: due times and counts by the calendar and limits of today."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import say
from geo_data.city import read_city
from geo_data.provision import DEMO_ADCODE, settings_with_city, store_address
from geo_data.rollups import adopt_clock, recount
from geo_data.store import open_store, shown_address
from geo_data.store.connections import is_server


def _options(parser: Parser, wording: Wording) -> None:
    left = argparse.SUPPRESS
    parser.add_argument(
        "--city", type=Path, metavar="CITY.toml", default=left, help=wording("city")
    )


def _recount(asked: Asked) -> int:
    settings = settings_with_city(asked.environment, city=vars(asked.typed).get("city"))
    city = None if settings.city is None else read_city(settings.city)
    address = store_address(settings, city.code if city else f"demo-{DEMO_ADCODE}")
    with closing(open_store(settings if is_server(address) else address)) as store:
        if city is not None:
            adopt_clock(store, city)
        changed = recount(store, asked.now())
    values = {"path": shown_address(address), "changed": changed}
    say("cli-recounted", asked.language, **values)
    return 0


RECOUNT = Command("recount", _options, _recount)
