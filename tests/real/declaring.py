"""Parts of a city file for real Songjiang; ``{data}`` is where the data lies."""

HEAD = """
code = "310117"
name = {{ zh = "松江区", en = "Songjiang" }}
bbox = [121.0, 30.85, 121.5, 31.3]
metric-crs = "EPSG:4549"

[[levels]]
key = "district"
name = {{ zh = "区", en = "District" }}
code-digits = 6

[[levels]]
key = "town"
name = {{ zh = "街镇", en = "Town" }}
code-digits = 9

[[sources]]
layer = "regions"
level = "town"
file = "{data}/a_songjiang_towns_wgs84.parquet"
columns = {{ code = "town_code9", name = "town", parent = "district_code" }}
"""
POIS = """
[[sources]]
layer = "places"
file = "{data}/b_songjiang_poi_wgs84.parquet"
columns = {{ kind = "layer" }}
attributes = ["type"]
values.kind = {{ bus_stop = "bus-stop" }}
values.address = {{ "[]" = "" }}
"""
VILLAGES = """
[[sources]]
layer = "places"
kind = "village"
file = "{data}/a_songjiang_villages_codes.csv"
columns = {{ code = "village_code", name = "village", parent = "town_code9" }}
attributes = ["kind"]
without-location = "parent"
"""
OUTLINE = """
[[sources]]
layer = "regions"
level = "district"
file = "{data}/a_shanghai_districts_amap_GCJ02.geojson"
filter = {{ adcode = 310117 }}
columns = {{ code = "adcode", name = "district" }}
"""
POINTS_2016 = """
[[sources]]
layer = "places"
kind = "village"
file = "{data}/a_songjiang_village_points_2016.csv"
crs = "GCJ-02"
columns = {{ code = "village_code", name = "village_2016", lon = "lon_gcj02", lat = "lat_gcj02" }}
"""
