"""``check-sources``: every source tried once, what is wrong said, nothing taken."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.publish import single

from dashboard import commands
from geo_data.ingest.trying import try_source
from geo_data.intakes import Intake
from tests.geo_data.ingest.test_mqtt import Broker
from tests.geo_data.small_city import CITY

DIGEST = "0" * 64


@pytest.fixture
def folder(tmp_path: Path, example_city: Path) -> Path:
    """A city file of its own, with a table and a folder beside it."""
    made = tmp_path / "city"
    made.mkdir()
    for source in example_city.parent.iterdir():
        (made / source.name).symlink_to(source)
    (made / "drop").mkdir()
    now = datetime.now(UTC) + timedelta(hours=8)
    with closing(sqlite3.connect(made / "grid.db")) as connection, connection:
        connection.execute("CREATE TABLE told (n, step, changed)")
        rows = [
            (1, "closed", f"{now:%Y-%m-%d %H:%M:%S}"),
            (2, "什么", None),
            (3, "什么", f"{now:%Y-%m-%d %H:%M:%S}.5"),
        ]
        connection.executemany("INSERT INTO told VALUES (?, ?, ?)", rows)
    return made


def check(folder: Path, declared: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    city = (folder / "clearbay.toml").read_text("utf-8")
    (folder / "mine.toml").write_text(f"{city}\n{declared}", encoding="utf-8")
    given = ["check-sources", "--city", str(folder / "mine.toml"), "--lang", "en"]
    code = commands.run(given, lambda *_: None, {"YIPING_DATA_DIR": str(folder / "data")})
    return code, capsys.readouterr().err


TABLE = """
[[intakes]]
key = "grid"
name = { zh = "网格", en = "Grid system" }
tells = "stages"
fields = { source-id = "n", stage = "step", happened-at = "changed" }
[intakes.table]
url = "sqlite:///grid.db"
table = "told"
mark = "changed"
"""
FOLDER = """
[[intakes]]
key = "fire"
tells = "observations"
[intakes.folder]
path = "drop"
"""


def test_what_answers_and_what_would_be_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "drop" / "a.csv").write_text("sensor_code,value,observed_at\ns,x,2026-01-01\n")
    (folder / "drop" / "b.docx").write_text("?")
    key = f'[[intakes]]\nkey = "web"\ntells = "stages"\nkey-sha256 = "{DIGEST}"\n'
    code, said = check(folder, TABLE + FOLDER + key, capsys)
    assert code == 0
    assert "✓ Grid system (database table): it answers; rows looked at: 2" in said
    assert "Rows without “changed”: 1" in said
    assert "“什么”" in said
    assert "✓ fire (folder): it answers; rows looked at: 1" in said
    assert "b.docx" in said
    assert "✓ web (HTTP)" in said
    # Nothing was taken, moved or made.
    assert sorted(one.name for one in (folder / "drop").iterdir()) == ["a.csv", "b.docx"]
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (TABLE.replace("grid.db", "gird.db"), "unable to open"),
        (TABLE.replace('"told"', '"tolled"'), "Did you mean “told”"),
        (TABLE.replace('"step"', '"stage"'), "did you mean “step”"),
        (TABLE.replace("mark", 'password-env = "NO_SUCH"\nmark'), "NO_SUCH"),
        (FOLDER.replace("drop", "dorp"), "The folder cannot be read"),
        (
            '[[intakes]]\nkey = "web"\ntells = "stages"\nkey-sha256-env = "NO_KEY"\n',
            "NO_KEY",
        ),
        (
            '[[intakes]]\nkey = "bus"\ntells = "stages"\n'
            '[intakes.mqtt]\nbroker = "127.0.0.1"\nport = 1\ntopics = ["a/#"]\n',
            "The broker cannot be used",
        ),
    ],
)
def test_what_is_wrong_and_how_to_mend_it(
    folder: Path, capsys: pytest.CaptureFixture[str], declared: str, said: str
) -> None:
    code, told = check(folder, declared, capsys)
    assert code == 2
    assert "✗" in told
    assert said in told


def test_a_clock_that_is_hours_ahead_is_told(folder: Path) -> None:
    way = {"url": f"sqlite:///{folder}/grid.db", "table": "told", "mark": "changed"}
    fields = {"source-id": "n", "stage": "step", "happened-at": "changed"}
    given = {"key": "grid", "tells": "stages", "table": way, "fields": fields}
    now = datetime.now(UTC)
    shanghai = try_source(CITY, Intake.model_validate(given), now, {})
    assert "mark-ahead" not in [note.key for note in shanghai.notes]
    utc = try_source(CITY, Intake.model_validate({**given, "timezone": "UTC"}), now, {})
    assert "mark-ahead" in [note.key for note in utc.notes]


def test_without_a_city_file_or_sources(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(["check-sources", "--lang", "en"], lambda *_: None, {}) == 2
    assert "--city" in capsys.readouterr().err
    assert check(folder, "", capsys) == (0, "The city file declares no sources.\n")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.mqtt
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_keeps_nothing_for_a_check(broker: Broker, protocol: str) -> None:
    way = {"broker": "127.0.0.1", "port": broker.port, "topics": ["a/#"], "protocol": protocol}
    intake = Intake.model_validate({"key": "bus", "tells": "observations", "mqtt": way})
    now = datetime.now(UTC)
    trial = try_source(CITY, intake, now, {})
    for _ in range(100):
        # The broker may still be starting.
        if not trial.faults:
            break
        trial = try_source(CITY, intake, now, {})
    assert trial.faults == ()
    single("a/b", "1", qos=1, hostname="127.0.0.1", port=broker.port)
    again = try_source(CITY, intake, now, {})
    assert again.faults == ()
