BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE artifacts (
	job_id VARCHAR(30) NOT NULL, 
	name VARCHAR NOT NULL, 
	place INTEGER NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	media_type VARCHAR NOT NULL, 
	PRIMARY KEY (job_id, name)
);
INSERT INTO "artifacts" VALUES('job_01KGA0M5R00000000000000001','model.mlmodel',0,'mlmodel',5121,'abababababababababababababababababababababababababababababababab','application/octet-stream');
CREATE TABLE events (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id VARCHAR(30) NOT NULL, 
	sequence INTEGER NOT NULL, 
	type VARCHAR(16) NOT NULL, 
	body TEXT NOT NULL, 
	UNIQUE (job_id, sequence)
);
INSERT INTO "events" VALUES(1,'job_01KGA0M5R00000000000000001',1,'interrupted','{"time":"2026-01-31T12:00:02Z","type":"interrupted","attempt":1,"reason":"killed"}');
INSERT INTO "events" VALUES(2,'job_01KGA0M5R00000000000000001',2,'verified','{"time":"2026-01-31T12:00:09Z","type":"verified","parity":[],"folder":"x","files":[],"seconds":1.0}');
INSERT INTO "events" VALUES(3,'job_01KGA0M5R00000000000000002',1,'interrupted','{"time":"2026-01-31T12:00:03Z","type":"interrupted","attempt":1,"reason":"out of memory"}');
INSERT INTO "events" VALUES(4,'job_01KGA0M5R00000000000000002',2,'failed','{"time":"2026-01-31T12:00:05Z","type":"failed","error":"JobError","message":"out of memory","problems":[]}');
CREATE TABLE jobs (
	id VARCHAR(30) NOT NULL, 
	owner VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	document TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	started_at VARCHAR(32), 
	finished_at VARCHAR(32), 
	max_seconds FLOAT, 
	attempt INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	stop_requested BOOLEAN NOT NULL, 
	stopped_early BOOLEAN NOT NULL, 
	epoch INTEGER NOT NULL, 
	epochs INTEGER NOT NULL, 
	progress FLOAT NOT NULL, 
	metrics TEXT NOT NULL, 
	error TEXT NOT NULL, 
	last_event INTEGER NOT NULL, 
	idempotency_key VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (owner, idempotency_key)
);
INSERT INTO "jobs" VALUES('job_01KGA0M5R00000000000000001','ada','iris','{"name": "iris"}','ready','2026-01-31T12:00:00.000000+00:00','2026-01-31T12:00:09.000500+00:00','2026-01-31T12:00:01.000000+00:00','2026-01-31T12:00:09.000500+00:00',60.0,2,1,1,1,3,10,1.0,'{"loss": 0.25}','',2,NULL);
INSERT INTO "jobs" VALUES('job_01KGA0M5R00000000000000002','ada','iris','{"name": "iris"}','failed','2026-01-31T12:00:00.000000+00:00','2026-01-31T12:00:00.000000+00:00',NULL,'2026-01-31T12:00:05.000000+00:00',NULL,2,2,0,0,0,10,0.0,'{}','out of memory',2,NULL);
INSERT INTO "jobs" VALUES('job_01KGA0M5R00000000000000003','bob','mnist','{"name": "mnist"}','queued','2026-01-31T12:00:00.000000+00:00','2026-01-31T12:00:00.000000+00:00',NULL,NULL,NULL,0,0,0,0,0,10,0.0,'{}','',0,'k');
CREATE TABLE tokens (
	id VARCHAR(30) NOT NULL, 
	owner VARCHAR NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	revoked_at VARCHAR(32), 
	PRIMARY KEY (id), 
	UNIQUE (hash)
);
INSERT INTO "tokens" VALUES('tok_01KGA0M5R00000000000000001','ada','90b87668ce061c6a8bcf7c24da9b9d4d860edb8afce679261e1ba9ff8b4f29f8','2026-01-31T12:00:00.000000+00:00',NULL);
CREATE TABLE turns (
	owner VARCHAR NOT NULL, 
	turn INTEGER NOT NULL, 
	PRIMARY KEY (owner)
);
INSERT INTO "turns" VALUES('ada',3);
INSERT INTO "turns" VALUES('bob',4);
CREATE INDEX jobs_by_status ON jobs (status, owner, id);
CREATE INDEX jobs_by_owner ON jobs (owner, id);
CREATE INDEX turns_by_turn ON turns (turn);
CREATE INDEX artifacts_by_sha256 ON artifacts (sha256);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',7);
COMMIT;
