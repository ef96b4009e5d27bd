PRAGMA application_id=1196444487;

PRAGMA user_version=10400;

CREATE TABLE regions (
	fid INTEGER NOT NULL,
	geom MULTIPOLYGON,
	code TEXT NOT NULL,
	parent_code TEXT,
	level TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	pinyin TEXT NOT NULL,
	lon DOUBLE NOT NULL,
	lat DOUBLE NOT NULL,
	west DOUBLE NOT NULL,
	south DOUBLE NOT NULL,
	east DOUBLE NOT NULL,
	north DOUBLE NOT NULL,
	area_km2 DOUBLE NOT NULL,
	population INTEGER,
	PRIMARY KEY (fid),
	UNIQUE (code)
);

CREATE TABLE places (
	fid INTEGER NOT NULL,
	geom GEOMETRY,
	code TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	pinyin TEXT NOT NULL,
	region_code TEXT NOT NULL,
	site_code TEXT,
	lon DOUBLE NOT NULL,
	lat DOUBLE NOT NULL,
	address TEXT,
	floors INTEGER,
	use TEXT,
	attributes TEXT NOT NULL,
	PRIMARY KEY (fid),
	UNIQUE (code)
);

CREATE TABLE sensors (
	fid INTEGER NOT NULL,
	geom POINT,
	code TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	pinyin TEXT NOT NULL,
	metric TEXT NOT NULL,
	unit TEXT NOT NULL,
	region_code TEXT NOT NULL,
	place_code TEXT,
	lon DOUBLE NOT NULL,
	lat DOUBLE NOT NULL,
	period_s INTEGER NOT NULL,
	PRIMARY KEY (fid),
	UNIQUE (code)
);

CREATE TABLE readings (
	sensor_code TEXT NOT NULL,
	value DOUBLE NOT NULL,
	observed_at DATETIME NOT NULL,
	received_at DATETIME NOT NULL,
	state INTEGER NOT NULL,
	PRIMARY KEY (sensor_code)
)
 WITHOUT ROWID

;

CREATE TABLE observations (
	sensor_code TEXT NOT NULL,
	observed_at DATETIME NOT NULL,
	value DOUBLE NOT NULL,
	received_at DATETIME NOT NULL,
	PRIMARY KEY (sensor_code, observed_at)
)
 WITHOUT ROWID

;

CREATE TABLE incidents (
	id INTEGER NOT NULL,
	geom POINT,
	source TEXT NOT NULL,
	source_id TEXT NOT NULL,
	code TEXT NOT NULL,
	title TEXT NOT NULL,
	channel TEXT NOT NULL,
	category TEXT NOT NULL,
	severity INTEGER NOT NULL,
	stage TEXT NOT NULL,
	stage_at DATETIME NOT NULL,
	happened_at DATETIME NOT NULL,
	reported_at DATETIME NOT NULL,
	recorded_at DATETIME NOT NULL,
	lon DOUBLE,
	lat DOUBLE,
	region_code TEXT,
	place_code TEXT,
	address TEXT,
	located_by TEXT NOT NULL,
	due_at DATETIME,
	ended_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (source, source_id)
);

CREATE TABLE incident_stages (
	incident_id INTEGER NOT NULL,
	stage TEXT NOT NULL,
	happened_at DATETIME NOT NULL,
	recorded_at DATETIME NOT NULL,
	actor TEXT,
	note TEXT,
	PRIMARY KEY (incident_id, stage, happened_at)
)
 WITHOUT ROWID

;

CREATE TABLE pending_stages (
	source TEXT NOT NULL,
	source_id TEXT NOT NULL,
	stage TEXT NOT NULL,
	happened_at DATETIME NOT NULL,
	recorded_at DATETIME NOT NULL,
	actor TEXT,
	note TEXT,
	PRIMARY KEY (source, source_id, stage, happened_at)
)
 WITHOUT ROWID

;

CREATE TABLE rollup_region_day (
	day INTEGER NOT NULL,
	region_code TEXT NOT NULL,
	reported INTEGER DEFAULT '0' NOT NULL,
	filed INTEGER DEFAULT '0' NOT NULL,
	closed INTEGER DEFAULT '0' NOT NULL,
	closed_on_time INTEGER DEFAULT '0' NOT NULL,
	due INTEGER DEFAULT '0' NOT NULL,
	reworked INTEGER DEFAULT '0' NOT NULL,
	extended INTEGER DEFAULT '0' NOT NULL,
	proactive INTEGER DEFAULT '0' NOT NULL,
	hotline INTEGER DEFAULT '0' NOT NULL,
	changed_seq INTEGER NOT NULL,
	PRIMARY KEY (day, region_code)
)
 WITHOUT ROWID

;

CREATE TABLE rollup_dimension_day (
	day INTEGER NOT NULL,
	region_code TEXT NOT NULL,
	dimension TEXT NOT NULL,
	"key" TEXT NOT NULL,
	n INTEGER NOT NULL,
	changed_seq INTEGER NOT NULL,
	PRIMARY KEY (day, region_code, dimension, "key")
)
 WITHOUT ROWID

;

CREATE TABLE rollup_metric_hour (
	hour INTEGER NOT NULL,
	region_code TEXT NOT NULL,
	metric TEXT NOT NULL,
	n INTEGER NOT NULL,
	total DOUBLE NOT NULL,
	low DOUBLE NOT NULL,
	high DOUBLE NOT NULL,
	changed_seq INTEGER NOT NULL,
	PRIMARY KEY (hour, region_code, metric)
)
 WITHOUT ROWID

;

CREATE TABLE changes (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DATETIME NOT NULL,
	topic TEXT NOT NULL,
	body TEXT NOT NULL
);

CREATE TABLE layer_versions (
	layer TEXT NOT NULL,
	version INTEGER NOT NULL,
	updated_at DATETIME NOT NULL,
	data_at DATETIME,
	rows INTEGER NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (layer)
);

CREATE TABLE dead_letters (
	id INTEGER NOT NULL,
	source TEXT NOT NULL,
	received_at DATETIME NOT NULL,
	raw TEXT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE meta (
	"key" TEXT NOT NULL,
	value TEXT,
	PRIMARY KEY ("key")
);

CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);

CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));

CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));

CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));

CREATE VIRTUAL TABLE rtree_regions_geom USING rtree(id, minx, maxx, miny, maxy);

CREATE VIRTUAL TABLE rtree_places_geom USING rtree(id, minx, maxx, miny, maxy);

CREATE VIRTUAL TABLE rtree_sensors_geom USING rtree(id, minx, maxx, miny, maxy);

INSERT INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition, description) VALUES ('Undefined Cartesian SRS',-1,'NONE',-1,'undefined','undefined Cartesian');

INSERT INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition, description) VALUES ('Undefined geographic SRS',0,'NONE',0,'undefined','undefined geographic');

INSERT INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition, description) VALUES ('WGS 84',4326,'EPSG',4326,'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]','longitude, latitude in degrees');

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) VALUES ('regions','features','regions','',NULL,NULL,NULL,NULL,4326);

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) VALUES ('places','features','places','',NULL,NULL,NULL,NULL,4326);

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) VALUES ('sensors','features','sensors','',NULL,NULL,NULL,NULL,4326);

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) VALUES ('incidents','features','incidents','',NULL,NULL,NULL,NULL,4326);

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) VALUES ('dead_letters','attributes','dead_letters','',NULL,NULL,NULL,NULL,NULL);

INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) VALUES ('regions','geom','MULTIPOLYGON',4326,0,0);

INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) VALUES ('places','geom','GEOMETRY',4326,0,0);

INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) VALUES ('sensors','geom','POINT',4326,0,0);

INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) VALUES ('incidents','geom','POINT',4326,0,0);

INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) VALUES ('regions','geom','gpkg_rtree_index','http://www.geopackage.org/spec120/#extension_rtree','write-only');

INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) VALUES ('places','geom','gpkg_rtree_index','http://www.geopackage.org/spec120/#extension_rtree','write-only');

INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) VALUES ('sensors','geom','gpkg_rtree_index','http://www.geopackage.org/spec120/#extension_rtree','write-only');

CREATE INDEX regions_level ON regions (level);

CREATE INDEX places_region_kind ON places (region_code, kind);

CREATE INDEX places_kind ON places (kind);

CREATE INDEX places_site ON places (site_code) WHERE site_code IS NOT NULL;

CREATE INDEX sensors_place ON sensors (place_code);

CREATE INDEX sensors_region ON sensors (region_code);

CREATE INDEX incidents_code ON incidents (code);

CREATE INDEX incidents_place ON incidents (place_code) WHERE place_code IS NOT NULL;

CREATE INDEX incidents_reported ON incidents (reported_at);

CREATE INDEX incidents_open_newest ON incidents (reported_at) WHERE ended_at IS NULL;

CREATE INDEX incidents_region_reported ON incidents (region_code, reported_at);

CREATE INDEX incidents_open ON incidents (region_code, reported_at, due_at) WHERE ended_at IS NULL;

CREATE INDEX incident_stages_ended ON incident_stages (recorded_at) WHERE stage IN ('closed', 'evaluated', 'voided');

CREATE INDEX rollup_region_day_changed ON rollup_region_day (changed_seq);

CREATE INDEX rollup_dimension_day_changed ON rollup_dimension_day (changed_seq);

CREATE INDEX rollup_metric_hour_changed ON rollup_metric_hour (changed_seq);

CREATE TRIGGER rtree_regions_geom_insert AFTER INSERT ON regions WHEN NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) BEGIN INSERT OR REPLACE INTO rtree_regions_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_regions_geom_update6 AFTER UPDATE OF geom ON regions WHEN OLD.fid = NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) AND OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom) BEGIN UPDATE rtree_regions_geom SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid; END;

CREATE TRIGGER rtree_regions_geom_update7 AFTER UPDATE OF geom ON regions WHEN OLD.fid = NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) AND (OLD.geom ISNULL OR ST_IsEmpty(OLD.geom)) BEGIN INSERT OR REPLACE INTO rtree_regions_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_regions_geom_update2 AFTER UPDATE OF geom ON regions WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN DELETE FROM rtree_regions_geom WHERE id = OLD.fid; END;

CREATE TRIGGER rtree_regions_geom_update5 AFTER UPDATE ON regions WHEN OLD.fid != NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) BEGIN DELETE FROM rtree_regions_geom WHERE id = OLD.fid;INSERT OR REPLACE INTO rtree_regions_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_regions_geom_update4 AFTER UPDATE ON regions WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN DELETE FROM rtree_regions_geom WHERE id IN (OLD.fid, NEW.fid); END;

CREATE TRIGGER rtree_regions_geom_delete AFTER DELETE ON regions WHEN OLD.geom NOT NULL BEGIN DELETE FROM rtree_regions_geom WHERE id = OLD.fid; END;

CREATE TRIGGER rtree_places_geom_insert AFTER INSERT ON places WHEN NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) BEGIN INSERT OR REPLACE INTO rtree_places_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_places_geom_update6 AFTER UPDATE OF geom ON places WHEN OLD.fid = NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) AND OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom) BEGIN UPDATE rtree_places_geom SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid; END;

CREATE TRIGGER rtree_places_geom_update7 AFTER UPDATE OF geom ON places WHEN OLD.fid = NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) AND (OLD.geom ISNULL OR ST_IsEmpty(OLD.geom)) BEGIN INSERT OR REPLACE INTO rtree_places_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_places_geom_update2 AFTER UPDATE OF geom ON places WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN DELETE FROM rtree_places_geom WHERE id = OLD.fid; END;

CREATE TRIGGER rtree_places_geom_update5 AFTER UPDATE ON places WHEN OLD.fid != NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) BEGIN DELETE FROM rtree_places_geom WHERE id = OLD.fid;INSERT OR REPLACE INTO rtree_places_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_places_geom_update4 AFTER UPDATE ON places WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN DELETE FROM rtree_places_geom WHERE id IN (OLD.fid, NEW.fid); END;

CREATE TRIGGER rtree_places_geom_delete AFTER DELETE ON places WHEN OLD.geom NOT NULL BEGIN DELETE FROM rtree_places_geom WHERE id = OLD.fid; END;

CREATE TRIGGER rtree_sensors_geom_insert AFTER INSERT ON sensors WHEN NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) BEGIN INSERT OR REPLACE INTO rtree_sensors_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_sensors_geom_update6 AFTER UPDATE OF geom ON sensors WHEN OLD.fid = NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) AND OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom) BEGIN UPDATE rtree_sensors_geom SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid; END;

CREATE TRIGGER rtree_sensors_geom_update7 AFTER UPDATE OF geom ON sensors WHEN OLD.fid = NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) AND (OLD.geom ISNULL OR ST_IsEmpty(OLD.geom)) BEGIN INSERT OR REPLACE INTO rtree_sensors_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_sensors_geom_update2 AFTER UPDATE OF geom ON sensors WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN DELETE FROM rtree_sensors_geom WHERE id = OLD.fid; END;

CREATE TRIGGER rtree_sensors_geom_update5 AFTER UPDATE ON sensors WHEN OLD.fid != NEW.fid AND NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom) BEGIN DELETE FROM rtree_sensors_geom WHERE id = OLD.fid;INSERT OR REPLACE INTO rtree_sensors_geom VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)); END;

CREATE TRIGGER rtree_sensors_geom_update4 AFTER UPDATE ON sensors WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN DELETE FROM rtree_sensors_geom WHERE id IN (OLD.fid, NEW.fid); END;

CREATE TRIGGER rtree_sensors_geom_delete AFTER DELETE ON sensors WHEN OLD.geom NOT NULL BEGIN DELETE FROM rtree_sensors_geom WHERE id = OLD.fid; END
