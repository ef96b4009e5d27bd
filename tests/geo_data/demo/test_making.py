from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from geo_data.demo import make_demo
from geo_data.faults import InputError
from geo_data.store import open_store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> tuple[Path, list[float]]:
    path = tmp_path_factory.mktemp("demo") / "city.gpkg"
    shares: list[float] = []
    report = make_demo(
        path, "310109", now=now, seed=3, progress=lambda _, share: shares.append(share)
    )
    assert report.city.code == "310109"
    assert report.rows["regions/district"] == 1
    return path, shares


def test_progress_goes_from_nothing_to_all(made: tuple[Path, list[float]]) -> None:
    _, shares = made
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert len(shares) >= 6


def test_only_the_store_is_left(made: tuple[Path, list[float]]) -> None:
    path, _ = made
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_store_holds_what_was_made(made: tuple[Path, list[float]], now: datetime) -> None:
    path, _ = made
    store = open_store(path)
    try:
        assert store.city.demo
        assert store.city.name.zh == "虹口区"
        assert store.city.name.en == "Hongkou"
        assert store.city.level_keys == ("district", "town", "grid")
        assert store.city.notice is not None
        assert "示意" in store.city.notice.zh
        tables = store.tables
        with store.read() as connection:

            def rows(table: object, *where: object) -> int:
                query = select(func.count()).select_from(table).where(*where)
                return int(connection.execute(query).scalar_one())

            known = store.layers()
            assert known["incidents"].rows == rows(tables.incidents) > 10_000
            assert known["sensors"].rows == rows(tables.sensors) == rows(tables.readings)
            assert rows(tables.incidents, tables.incidents.c.located_by != "point") == 0
            assert 0 < rows(tables.incidents, tables.incidents.c.ended_at.is_(None)) < 2_000
            overdue = (tables.incidents.c.ended_at.is_(None), tables.incidents.c.due_at < now)
            assert rows(tables.incidents, *overdue) > 3
            assert rows(tables.dead_letters) == 0
            assert rows(tables.regions, tables.regions.c.level == "functional") == 1
    finally:
        store.close()


def test_interrupted_run_leaves_what_was_there(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "city.gpkg"
    path.write_bytes(b"what was there")

    def stop(step: str, _share: float) -> None:
        if step == "demo-history":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo(path, "310109", now=now, seed=3, progress=stop)
    assert [file.name for file in tmp_path.iterdir()] == ["city.gpkg"]
    assert path.read_bytes() == b"what was there"


def test_unknown_district_leaves_nothing(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(InputError):
        make_demo(tmp_path / "city.gpkg", "123456", now=now)
    assert list(tmp_path.iterdir()) == []


def test_home_city_says_what_is_made_up(songjiang_notice: str) -> None:
    assert songjiang_notice == "演示数据·街镇以下边界为示意"


@pytest.fixture
def songjiang_notice(songjiang: object) -> str:
    from geo_data.demo.declaration import declare_city
    from geo_data.demo.making import DemoCity

    assert isinstance(songjiang, DemoCity)
    city = declare_city(songjiang.plan, songjiang.regions)
    assert city.bbox[0] == pytest.approx(121.016, abs=0.01)
    assert city.metric_crs == "EPSG:4549"
    assert city.notice is not None
    return city.notice.zh
