"""``python app.py tiles --layer place-building --zoom 10-15``: tiles made before anybody asks."""

from __future__ import annotations

import argparse
from pathlib import Path

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.telling import progress, say
from geo_data import tiles
from geo_data.provision import provide, settings_with_city
from geo_data.records import Scope
from geo_data.tiles.warming import MOST_BYTES, warm, zooms_of


def _options(parser: Parser, wording: Wording) -> None:
    left = argparse.SUPPRESS
    parser.add_argument(
        "--city", type=Path, metavar="CITY.toml", default=left, help=wording("city")
    )
    parser.add_argument("--layer", action="append", metavar="L", help=wording("layer"))
    parser.add_argument("--zoom", metavar="10-15", default="10-15", help=wording("zoom"))
    limit = MOST_BYTES >> 20
    parser.add_argument(
        "--limit-mb", type=int, metavar="MB", default=limit, help=wording("limit-mb")
    )


def _tiles(asked: Asked) -> int:
    typed, language = asked.typed, asked.language
    zooms = zooms_of(typed.zoom)
    settings = settings_with_city(asked.environment, city=vars(typed).get("city"))
    scope = Scope(region_code=settings.scope_region)
    with progress(language) as tell:
        store = provide(settings, asked.now(), progress=tell).store
        try:
            done = warm(
                store,
                scope,
                typed.layer or tiles.layer_names(store, scope),
                zooms,
                settings.tile_dir,
                language=settings.language,
                tell=tell,
                most_bytes=typed.limit_mb << 20,
            )
        finally:
            store.close()
    for one in done:
        size = -(-one.bytes // 1024)
        say("cli-warmed", language, layer=one.layer, tiles=one.tiles, kilobytes=size, path=one.path)
    return 0


TILES = Command("tiles", _options, _tiles)
