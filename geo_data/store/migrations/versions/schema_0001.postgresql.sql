CREATE TABLE regions (
	fid INTEGER NOT NULL,
	geom geometry(MULTIPOLYGON,4326),
	code TEXT COLLATE "C" NOT NULL,
	parent_code TEXT COLLATE "C",
	level TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	pinyin TEXT COLLATE "C" NOT NULL,
	lon DOUBLE PRECISION NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	west DOUBLE PRECISION NOT NULL,
	south DOUBLE PRECISION NOT NULL,
	east DOUBLE PRECISION NOT NULL,
	north DOUBLE PRECISION NOT NULL,
	area_km2 DOUBLE PRECISION NOT NULL,
	population BIGINT,
	geom_3857 geometry(GEOMETRY,3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
	PRIMARY KEY (fid),
	UNIQUE (code)
);

CREATE INDEX regions_geom ON regions USING gist (geom);

CREATE INDEX regions_geom_3857 ON regions USING gist (geom_3857);

CREATE INDEX regions_level ON regions (level);

CREATE TABLE places (
	fid INTEGER NOT NULL,
	geom geometry(GEOMETRY,4326),
	code TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	pinyin TEXT COLLATE "C" NOT NULL,
	region_code TEXT COLLATE "C" NOT NULL,
	site_code TEXT COLLATE "C",
	lon DOUBLE PRECISION NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	address TEXT COLLATE "C",
	floors BIGINT,
	use TEXT COLLATE "C",
	attributes TEXT COLLATE "C" NOT NULL,
	geom_3857 geometry(GEOMETRY,3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
	PRIMARY KEY (fid),
	UNIQUE (code)
);

CREATE INDEX places_region_kind ON places (region_code, kind);

CREATE INDEX places_geom_3857 ON places USING gist (geom_3857);

CREATE INDEX places_geom ON places USING gist (geom);

CREATE INDEX places_kind ON places (kind);

CREATE INDEX places_site ON places (site_code) WHERE site_code IS NOT NULL;

CREATE TABLE sensors (
	fid INTEGER NOT NULL,
	geom geometry(POINT,4326),
	code TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	pinyin TEXT COLLATE "C" NOT NULL,
	metric TEXT COLLATE "C" NOT NULL,
	unit TEXT COLLATE "C" NOT NULL,
	region_code TEXT COLLATE "C" NOT NULL,
	place_code TEXT COLLATE "C",
	lon DOUBLE PRECISION NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	period_s BIGINT NOT NULL,
	PRIMARY KEY (fid),
	UNIQUE (code)
);

CREATE INDEX sensors_geom ON sensors USING gist (geom);

CREATE INDEX sensors_place ON sensors (place_code);

CREATE INDEX sensors_region ON sensors (region_code);

CREATE TABLE readings (
	sensor_code TEXT COLLATE "C" NOT NULL,
	value DOUBLE PRECISION NOT NULL,
	observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state BIGINT NOT NULL,
	PRIMARY KEY (sensor_code)
);

CREATE TABLE observations (
	sensor_code TEXT COLLATE "C" NOT NULL,
	observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	value DOUBLE PRECISION NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (sensor_code, observed_at)
)
 PARTITION BY RANGE (observed_at);

CREATE TABLE incidents (
	id INTEGER NOT NULL,
	geom geometry(POINT,4326),
	source TEXT COLLATE "C" NOT NULL,
	source_id TEXT COLLATE "C" NOT NULL,
	code TEXT COLLATE "C" NOT NULL,
	title TEXT COLLATE "C" NOT NULL,
	channel TEXT COLLATE "C" NOT NULL,
	category TEXT COLLATE "C" NOT NULL,
	severity BIGINT NOT NULL,
	stage TEXT COLLATE "C" NOT NULL,
	stage_at TIMESTAMP WITH TIME ZONE NOT NULL,
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	lon DOUBLE PRECISION,
	lat DOUBLE PRECISION,
	region_code TEXT COLLATE "C",
	place_code TEXT COLLATE "C",
	address TEXT COLLATE "C",
	located_by TEXT COLLATE "C" NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id, reported_at)
)
 PARTITION BY RANGE (reported_at);

CREATE INDEX incidents_reported ON incidents (reported_at);

CREATE INDEX incidents_region_reported ON incidents (region_code, reported_at);

CREATE INDEX incidents_code ON incidents (code);

CREATE INDEX incidents_open ON incidents (region_code, reported_at, due_at) WHERE ended_at IS NULL;

CREATE INDEX incidents_open_newest ON incidents (reported_at) WHERE ended_at IS NULL;

CREATE INDEX incidents_place ON incidents (place_code) WHERE place_code IS NOT NULL;

CREATE INDEX incidents_source ON incidents (source, source_id);

CREATE TABLE incident_stages (
	incident_id BIGINT NOT NULL,
	stage TEXT COLLATE "C" NOT NULL,
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	actor TEXT COLLATE "C",
	note TEXT COLLATE "C",
	PRIMARY KEY (incident_id, stage, happened_at)
);

CREATE INDEX incident_stages_ended ON incident_stages (recorded_at) WHERE stage IN ('closed', 'evaluated', 'voided');

CREATE TABLE pending_stages (
	source TEXT COLLATE "C" NOT NULL,
	source_id TEXT COLLATE "C" NOT NULL,
	stage TEXT COLLATE "C" NOT NULL,
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	actor TEXT COLLATE "C",
	note TEXT COLLATE "C",
	PRIMARY KEY (source, source_id, stage, happened_at)
);

CREATE TABLE rollup_region_day (
	day BIGINT NOT NULL,
	region_code TEXT COLLATE "C" NOT NULL,
	reported BIGINT DEFAULT '0' NOT NULL,
	filed BIGINT DEFAULT '0' NOT NULL,
	closed BIGINT DEFAULT '0' NOT NULL,
	closed_on_time BIGINT DEFAULT '0' NOT NULL,
	due BIGINT DEFAULT '0' NOT NULL,
	reworked BIGINT DEFAULT '0' NOT NULL,
	extended BIGINT DEFAULT '0' NOT NULL,
	proactive BIGINT DEFAULT '0' NOT NULL,
	hotline BIGINT DEFAULT '0' NOT NULL,
	changed_seq BIGINT NOT NULL,
	PRIMARY KEY (day, region_code)
);

CREATE INDEX rollup_region_day_changed ON rollup_region_day (changed_seq);

CREATE TABLE rollup_dimension_day (
	day BIGINT NOT NULL,
	region_code TEXT COLLATE "C" NOT NULL,
	dimension TEXT COLLATE "C" NOT NULL,
	key TEXT COLLATE "C" NOT NULL,
	n BIGINT NOT NULL,
	changed_seq BIGINT NOT NULL,
	PRIMARY KEY (day, region_code, dimension, key)
);

CREATE INDEX rollup_dimension_day_changed ON rollup_dimension_day (changed_seq);

CREATE TABLE rollup_metric_hour (
	hour BIGINT NOT NULL,
	region_code TEXT COLLATE "C" NOT NULL,
	metric TEXT COLLATE "C" NOT NULL,
	n BIGINT NOT NULL,
	total DOUBLE PRECISION NOT NULL,
	low DOUBLE PRECISION NOT NULL,
	high DOUBLE PRECISION NOT NULL,
	changed_seq BIGINT NOT NULL,
	PRIMARY KEY (hour, region_code, metric)
);

CREATE INDEX rollup_metric_hour_changed ON rollup_metric_hour (changed_seq);

CREATE TABLE changes (
	seq BIGSERIAL NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	topic TEXT COLLATE "C" NOT NULL,
	body TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (seq)
);

CREATE TABLE layer_versions (
	layer TEXT COLLATE "C" NOT NULL,
	version BIGINT NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	data_at TIMESTAMP WITH TIME ZONE,
	rows BIGINT NOT NULL,
	source TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (layer)
);

CREATE TABLE dead_letters (
	id SERIAL NOT NULL,
	source TEXT COLLATE "C" NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	raw TEXT COLLATE "C" NOT NULL,
	reason TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE meta (
	key TEXT COLLATE "C" NOT NULL,
	value TEXT COLLATE "C",
	PRIMARY KEY (key)
);

CREATE TABLE incidents_other PARTITION OF incidents DEFAULT;

CREATE TABLE observations_other PARTITION OF observations DEFAULT
