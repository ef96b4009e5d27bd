"""``python app.py evaluate``: the table, JSON, publishing and opening again, in both stores."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard import commands
from geo_data.ingest import apply
from geo_data.store import open_store
from tests.geo_data.lived_city import make_lived_city, opened
from tests.indicators.test_evaluation import life
from tests.stores import Address, Stores

MONDAY = datetime(2025, 7, 7, 1, tzinfo=UTC)


@pytest.fixture
def address(stores: Stores) -> Address:
    where = stores.new()
    with opened(make_lived_city(where)) as store:
        for n, after in enumerate((timedelta(minutes=20), timedelta(days=9))):
            told = life(f"m{n}", MONDAY, f"t{n}g0", MONDAY + after)
            apply(store, told, MONDAY + timedelta(days=10))
    return where


def run(address: Address, *more: str) -> int:
    url = str(address) if "://" in str(address) else f"sqlite:///{address}"
    given = ["evaluate", "--period", "2025-07", "--lang", "en", *more]
    return commands.run(given, lambda *_: None, {"YIPING_DATABASE_URL": url})


def result(address: Address, capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    capsys.readouterr()
    assert run(address, "--json", *more) == 0
    return json.loads(capsys.readouterr().out)


def test_a_table_for_people(
    address: Address, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run(address) == 0
    out, err = capsys.readouterr()
    # Of the default 60 points are known: 30 on time, 20 closed, 10 not done twice; t1 was late.
    places = {
        cells[1]: cells
        for line in out.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("│").split("│")]) == 9
    }
    assert places["town t0"][::2] == ["1", "100.00", "20.00", "—", "—"]
    assert places["town t1"][:5] == ["2", "town t1", "50.00", "0.00", "20.00"]
    assert places["town t2"][2] == "—"
    assert "Not published" in err


def test_it_is_published_and_opened_again(
    address: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(address, "--publish", "--who", "张三") == 0
    said = result(address, capsys)
    assert (said["is_published"], said["publication"]["published_by"]) == (True, "张三")
    with opened(open_store(address)) as store:
        told = life("late", MONDAY, "t2g0", MONDAY + timedelta(minutes=5))
        apply(store, told, datetime.now(UTC))
    again = result(address, capsys)
    assert again["groups"] == said["groups"]
    assert again["would_differ"]
    now = result(address, capsys, "--current")
    assert [unit["score"] for unit in now["groups"][0]["units"]] == [100, 100, 50]
    assert [unit["place"] for unit in now["groups"][0]["units"]] == [1, 1, 3]
    assert run(address, "--publish") == 2
    assert "published already" in capsys.readouterr().err
    assert run(address, "--reopen", " ") == 2
    assert run(address, "--reopen", "a case was missing") == 0
    assert not result(address, capsys)["is_published"]
    assert run(address, "--reopen", "twice") == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["magic"], "no evaluation “magic”"),
        (["--period", "2125-01"], "no period"),
        (["--period", "2025-07-02..2025-07-03", "--publish"], "no week, month"),
        (["--publish", "--reopen", "x"], "not allowed with"),
    ],
)
def test_what_cannot_be_done_is_said(
    address: Address, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert run(address, *more) == 2
    assert said in capsys.readouterr().err
