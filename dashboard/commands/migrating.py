"""``python app.py migrate``: an older store brought to the schema of this program."""

from __future__ import annotations

import argparse
from pathlib import Path

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import say
from geo_data.city import read_city
from geo_data.provision import DEMO_ADCODE, settings_with_city, store_address
from geo_data.store import migrate, shown_address
from geo_data.store.connections import is_server


def _options(parser: Parser, wording: Wording) -> None:
    left = argparse.SUPPRESS
    parser.add_argument(
        "--city", type=Path, metavar="CITY.toml", default=left, help=wording("city")
    )


def _migrate(asked: Asked) -> int:
    settings = settings_with_city(asked.environment, city=vars(asked.typed).get("city"))
    name = f"demo-{DEMO_ADCODE}" if settings.city is None else read_city(settings.city).code
    address = store_address(settings, name)
    done = migrate(settings if is_server(address) else address)
    key = "cli-migrated" if done.before != done.after else "cli-migrated-already"
    values = {"path": shown_address(address), "before": done.before, "after": done.after}
    say(key, asked.language, **values)
    return 0


MIGRATE = Command("migrate", _options, _migrate)
