"""The command line and the wiring: what is printed, what is returned, what is left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dashboard import commands
from geo_data.provision import Provided, provide, settings_with_city, store_address
from geo_data.settings import Settings, read_settings
from geo_data.store import Store

ROOT = Path(__file__).parents[1]
Run = Callable[..., int]


class Served:
    """Stands for the server: remembers what it was asked to serve."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.city = ""
        self.layers: dict[str, int] = {}
        self.address: tuple[str, int] = ("", 0)

    def __call__(
        self,
        settings: Settings,
        provided: Provided,
        door: socket.socket,
        ready: Callable[[], None],
    ) -> None:
        ready()
        self.settings = settings
        self.city = provided.store.city.code
        self.layers = provided.store.versions()
        self.address = door.getsockname()[:2]


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"YIPING_DATA_DIR": str(tmp_path / "data"), "YIPING_PORT": "0"}


@pytest.fixture
def run(served: Served, environment: dict[str, str]) -> Run:
    def run(*arguments: object, **more: str) -> int:
        return commands.run([str(each) for each in arguments], served, environment | more)

    return run


@pytest.fixture
def city_file(tmp_path: Path, example_city: Path) -> Path:
    folder = shutil.copytree(example_city.parent, tmp_path / "city")
    return Path(folder) / "clearbay.toml"


def test_import_writes_the_store_and_prints_the_report(
    run: Run, city_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", city_file) == 0
    out, err = capsys.readouterr()
    assert "澄湾市" in out
    assert "precincts.geojson" in out
    assert str(tmp_path / "data" / "CB.gpkg") in err
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["CB.gpkg"]


def test_check_writes_nothing(
    run: Run, city_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", city_file, "--check", "--lang", "en") == 0
    assert "nothing written" in capsys.readouterr().out
    assert not (tmp_path / "data").exists()


def test_the_report_comes_as_json(
    run: Run, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", city_file, "--check", "--json") == 0
    body = json.loads(capsys.readouterr().out)
    assert body["city"] == {"code": "CB", "name": "澄湾市"}


def test_refused_rows_are_an_exit_code_of_their_own(run: Run, city_file: Path) -> None:
    table = city_file.with_name("points.csv")
    table.write_text(table.read_text("utf-8") + "P-09,远方,学校,,10,20\n", encoding="utf-8")
    assert run("import", city_file) == 1


def test_a_city_is_imported_when_first_shown_and_again_when_it_changed(
    run: Run,
    served: Served,
    city_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--city", city_file) == 0
    assert served.city == "CB"
    assert served.layers["regions/ward"] == 1
    assert "导入报告" in capsys.readouterr().err
    assert run("--city", city_file) == 0
    assert served.layers["regions/ward"] == 1
    assert "导入报告" not in capsys.readouterr().err
    table = city_file.with_name("points.csv")
    table.write_text(table.read_text("utf-8").replace("北岸小学", "北岸中学"), encoding="utf-8")
    assert run("--city", city_file) == 0
    assert served.layers["regions/ward"] == 2


def test_what_is_typed_wins_over_the_environment_and_that_over_the_city_file(
    run: Run, served: Served, city_file: Path
) -> None:
    text = city_file.read_text("utf-8")
    declared = '\n[settings]\nsimulator-rate = 1.0\nsimulator-speed = 2.0\nlanguage = "en"\n'
    city_file.write_text(text + declared, encoding="utf-8")
    assert run("--city", city_file, "--rate", 3, YIPING_SIMULATOR_SPEED="5") == 0
    settings = served.settings
    assert settings is not None
    assert (settings.simulator_rate, settings.simulator_speed) == (3.0, 5.0)
    assert settings.language == "en"


def test_the_address_is_told(
    run: Run, served: Served, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--city", city_file, "--lang", "en") == 0
    host, port = served.address
    said = capsys.readouterr().err
    assert f"http://{host}:{port}/wall" in said
    assert "Clearbay is ready" in said


def test_a_busy_port_is_told_before_anything_is_made(
    run: Run,
    city_file: Path,
    tmp_path: Path,
    served: Served,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        assert run("--city", city_file, "--port", port) == 4
    said = capsys.readouterr().err
    assert f"端口 {port} 已被占用" in said
    assert f"--port {port + 1}" in said
    assert served.settings is None
    assert not (tmp_path / "data").exists()


def test_a_host_of_somebody_else_is_told(
    run: Run, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--city", city_file, "--host", "192.0.2.1", "--lang", "en") == 4
    assert "192.0.2.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--prot", "80"], "--port"),
        (["import"], "CITY.toml"),
        (["imprt", "x.toml"], "import"),
        (["--port", "eighty"], "eighty"),
        (["--city", "nowhere.toml"], "nowhere.toml"),
        (["import", "nowhere.toml"], "nowhere.toml"),
        (["--port", "99999"], "PORT"),
        (["--lang", "fr"], "fr"),
    ],
)
def test_a_wrong_command_line_says_what_to_do(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
) -> None:
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert word in err
    assert "Traceback" not in err


def test_an_unknown_setting_of_the_environment_is_told(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(YIPING_PROT="1") == 2
    assert "YIPING_PORT" in capsys.readouterr().err


def test_the_language_is_asked_for_by_option_or_environment(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, more in (
        (["--lang=en"], {}),
        (["--lang", "en"], {}),
        ([], {"YIPING_LANGUAGE": "en"}),
    ):
        assert run("import", "none.toml", *arguments, **more) == 2
        assert "There is no such file" in capsys.readouterr().err
    assert run("import", "none.toml", "--lang", "zh", YIPING_LANGUAGE="en") == 2
    assert "文件不存在" in capsys.readouterr().err


def test_help_speaks_both_languages(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for language, word in (("zh", "城市文件"), ("en", "the city file")):
        with pytest.raises(SystemExit) as ended:
            run("--help", "--lang", language)
        assert ended.value.code == 0
        assert word in capsys.readouterr().out


def test_a_corrupt_store_is_told_and_left_alone(
    run: Run, city_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data" / "CB.gpkg"
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 50)
    assert run("--city", city_file) == 3
    assert "CB.gpkg" in capsys.readouterr().err
    assert path.read_bytes() == b"no database at all" * 50


def test_the_keyboard_stops_it_cleanly(
    run: Run, served: Served, city_file: Path, environment: dict[str, str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    arguments = ["--city", str(city_file)]
    assert commands.run(arguments, stopped, environment) == commands.STOPPED


def test_a_database_of_another_kind_is_told(
    run: Run, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--city", city_file, YIPING_DATABASE_URL="mysql://x/y") == 2
    assert "sqlite:///" in capsys.readouterr().err


def test_a_named_database_is_used(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mine.gpkg'}"
    settings = read_settings(environment={"YIPING_DATABASE_URL": url})
    assert store_address(settings, "CB") == tmp_path / "mine.gpkg"


def test_a_code_with_odd_signs_makes_a_file_name(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert Path(store_address(settings, "A/7:ü")).name == "A_7_ü.gpkg"


def test_a_store_that_is_current_is_not_imported_again(
    city_file: Path, tmp_path: Path, now: datetime
) -> None:
    settings = settings_with_city({"YIPING_DATA_DIR": str(tmp_path)}, city=city_file)
    first = provide(settings, now)
    first.store.close()
    again = provide(settings, now)
    assert first.report is not None
    assert again.report is None
    again.store.close()


class Program:
    """``python app.py`` itself, in a process of its own."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "app.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.address = self.ready = ""
        ready = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self.reader.start()
        assert ready.wait(60), self.lines

    def _read(self, ready: threading.Event) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"http://[\d.]+:\d+", line)
            if found and not self.address:
                self.address, self.ready = found[0], line
                ready.set()
        ready.set()

    def get(self, path: str) -> tuple[int, bytes]:
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return answer.status, answer.read()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self.reader.join(10)
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def program(environment: dict[str, str], city_file: Path) -> Iterator[Program]:
    started = Program(environment, "--city", str(city_file))
    yield started
    started.close()


def test_the_program_serves_the_city_until_it_is_stopped(program: Program) -> None:
    status, body = program.get("/readyz")
    assert (status, json.loads(body)["city"]) == (200, "CB")
    status, page = program.get("/")
    assert status == 200
    assert b"<html" in page
    # An open live stream, as every screen has one, neither holds up the end nor spoils it.
    place = urlsplit(program.address)
    with socket.create_connection((place.hostname, place.port), timeout=60) as stream:
        stream.sendall(f"GET /live HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        received = b""
        while b"event: hello" not in received:
            received += stream.recv(4096)
        assert program.stop() == 0
    after = program.lines[program.lines.index(program.ready) + 1 :]
    assert after == ["已停止。\n"]


def test_the_wiring_makes_an_app_of_a_store(clearbay: Store, tmp_path: Path) -> None:
    from app import create_app

    app = create_app(Settings(simulator_rate=0, data_dir=tmp_path), Provided(clearbay))
    paths = set(app.openapi()["paths"])
    assert {"/healthz", "/readyz", "/api/v1/layers", "/api/v1/regions/{code}"} <= paths


@pytest.mark.parametrize(("demo", "rate"), [(True, 36_000.0), (True, 0.0), (False, 36_000.0)])
def test_only_a_demo_city_lives_by_itself(clearbay: Store, demo: bool, rate: float) -> None:
    from app import living

    clearbay.city = clearbay.city.model_copy(update={"demo": demo})
    settings = Settings(simulator_rate=rate)
    with living(settings, clearbay, lambda: datetime.now(UTC)):
        alive = [thread for thread in threading.enumerate() if thread.name == "simulator"]
        deadline = time.monotonic() + 30
        while alive and not clearbay.version("incidents") and time.monotonic() < deadline:
            time.sleep(0.1)
    assert bool(alive) == (demo and rate > 0)
    assert bool(clearbay.version("incidents")) == bool(alive)
    assert not any(thread.is_alive() for thread in alive)
