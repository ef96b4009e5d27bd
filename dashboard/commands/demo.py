"""``python app.py demo``: the demo city of any district, made and served."""

from __future__ import annotations

from dashboard.commands.command import Asked, Command, Parser, Wording
from dashboard.commands.serving import serve_city, serving_options
from geo_data.provision import DEMO_ADCODE


def _options(parser: Parser, wording: Wording) -> None:
    serving_options(parser, wording)
    parser.add_argument("--adcode", metavar="N", default=DEMO_ADCODE, help=wording("adcode"))


def _demo(asked: Asked) -> int:
    # A demo city was asked for by name: a city file in the environment does not change that.
    environment = {key: asked.environment[key] for key in asked.environment if key != "YIPING_CITY"}
    return serve_city(asked, environment, asked.typed.adcode)


DEMO = Command("demo", _options, _demo)
