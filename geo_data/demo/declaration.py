"""How the demo city declares itself, as a city file would."""

from __future__ import annotations

from geo_data.city import City
from geo_data.demo.plan import Plan
from geo_data.demo.regions import Regions
from geo_data.levels import Level
from geo_data.pinyin import pinyin_key
from geo_data.words import Label

_SUFFIXES = "区县市旗"
_HOME_NOTICE = Label(
    zh="演示数据·街镇以下边界为示意",
    en="Demo data · boundaries from town level down are made up",
)
_NOTICE = Label(
    zh="演示数据·街镇及以下边界与名称均为示意",
    en="Demo data · boundaries and names from town level down are made up",
)


def declare_city(plan: Plan, regions: Regions) -> City:
    """Return the city of a plan; its notice says what of it is true and what is made up."""
    outline = plan.outline
    name = outline.name
    bare = name[:-1] if len(name) > 2 and name[-1] in _SUFFIXES else name
    west, south, east, north = regions.district.total_bounds.tolist()
    level = name[-1] if name[-1] in _SUFFIXES else "区"
    return City(
        code=outline.adcode,
        name=Label(zh=name, en=pinyin_key(bare).split()[-1].capitalize()),
        bbox=(west, south, east, north),
        metric_crs=outline.metric_crs,
        levels=(
            Level(key="district", name=Label(zh=level, en="District"), code_digits=6),
            Level(key="town", name=Label(zh="街镇", en="Town"), code_digits=9),
            Level(key="grid", name=Label(zh="网格", en="Grid cell"), code_digits=15),
        ),
        notice=_HOME_NOTICE if plan.home else _NOTICE,
        demo=True,
    )
