-- 001: a shard. To change the schema: add 00N_name.sql with the next number and list it in
-- worker/store/CMakeLists.txt; never edit a migration that shipped. Rows of delivery and score are
-- never updated.

-- What this file is: shard (its uuid), created_at_ms, key (of sample hashes).
CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- 1 is the live run; a rerun is a new one.
CREATE TABLE run(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO run VALUES(1, 'live');

-- Where deliveries come from. A topic that was deleted and made again is another incarnation.
CREATE TABLE source(
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, incarnation TEXT NOT NULL, partition INTEGER NOT NULL,
    UNIQUE(topic, incarnation, partition)) STRICT;

-- Words that repeat: models, endpoints, components, reasons.
CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE rubric(id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    document TEXT NOT NULL) STRICT;

-- One line of a rubric. The composite is the criterion 'composite' whose hash is the rubric's.
CREATE TABLE criterion(
    id INTEGER PRIMARY KEY, rubric INTEGER NOT NULL, hash TEXT NOT NULL, name TEXT NOT NULL,
    dimension TEXT NOT NULL, weight REAL NOT NULL, threshold REAL NOT NULL,
    UNIQUE(rubric, name)) STRICT;

-- The time this shard owns a partition. acked_to: the broker accepted the commit of this offset,
-- everything from start up to it is counted. predecessor: the commit metadata found at start.
CREATE TABLE tenure(
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, source INTEGER NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL, low_water INTEGER NOT NULL, acked_to INTEGER NOT NULL,
    predecessor TEXT NOT NULL, opened_at_ms INTEGER NOT NULL,
    UNIQUE(source, number)) STRICT;

-- One row for each delivery that ended: the terminal record and what the sample was.
CREATE TABLE delivery(
    run INTEGER NOT NULL, source INTEGER NOT NULL, off INTEGER NOT NULL,
    tenure INTEGER NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('scored','duplicate','unmatched','invalid','dead_lettered')),
    reason TEXT,
    sample_key INTEGER NOT NULL,      -- keyed hash of the sample's id
    sample TEXT,                      -- the sample's id
    model INTEGER, endpoint INTEGER, component INTEGER, -- word
    observed_at_ms INTEGER,           -- time of the event; the time of recording when it has none
    recorded_at_ms INTEGER NOT NULL,
    evaluation_ms REAL, latency_ms REAL, input_tokens INTEGER, output_tokens INTEGER,
    probability REAL NOT NULL,        -- of inclusion, (0,1]
    prompt_bytes INTEGER, response_bytes INTEGER,
    PRIMARY KEY(run, source, off)) STRICT, WITHOUT ROWID;

CREATE TABLE score(
    run INTEGER NOT NULL, source INTEGER NOT NULL, off INTEGER NOT NULL, criterion INTEGER NOT NULL,
    status TEXT NOT NULL CHECK(status IN ('scored','not_applicable','skipped','error')),
    value REAL CHECK(value BETWEEN 0 AND 1), -- not null iff scored
    passed INTEGER, label TEXT, reason TEXT,
    findings TEXT,                    -- JSON list of rule, entity, where, start, end
    PRIMARY KEY(run, source, off, criterion)) STRICT, WITHOUT ROWID;

-- Text at rest, by policy: a JSON object of prompt and response, gzip; `bytes` long unpacked.
CREATE TABLE text(
    run INTEGER NOT NULL, source INTEGER NOT NULL, off INTEGER NOT NULL, policy TEXT NOT NULL,
    bytes INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY(run, source, off)) STRICT, WITHOUT ROWID;

-- Exact histogram of score x 1000 of acked rows, for each criterion hash, in buckets of 5 minutes.
-- histogram: varints (bin - previous bin, count) in ascending order of bins.
CREATE TABLE rollup(
    run INTEGER NOT NULL, model INTEGER NOT NULL, criterion INTEGER NOT NULL, segment INTEGER NOT NULL,
    threshold INTEGER NOT NULL,       -- of sampling: kept iff hash >= threshold, 56 bits
    bucket_ms INTEGER NOT NULL,
    scored INTEGER NOT NULL, not_applicable INTEGER NOT NULL, skipped INTEGER NOT NULL,
    error INTEGER NOT NULL, passed INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY(run, model, criterion, segment, threshold, bucket_ms)) STRICT, WITHOUT ROWID;

-- What is to be published, of acked rows only. ready -> sending -> sent | refused | expired. A row
-- left 'sending' by a crash may have arrived: it is never sent again.
CREATE TABLE outbox(
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK(state IN ('ready','sending','sent','refused','expired')),
    minute_ms INTEGER NOT NULL, model TEXT NOT NULL, endpoint TEXT NOT NULL, component TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, unit INTEGER NOT NULL,
    histogram TEXT NOT NULL           -- JSON [[value, count], ...] ascending
    ) STRICT;
CREATE INDEX outbox_ready ON outbox(minute_ms, name, model, endpoint, component, kind)
    WHERE state = 'ready';

-- Judge calls reserved before they are made: a hard limit survives every crash.
CREATE TABLE budget(day INTEGER PRIMARY KEY, calls INTEGER NOT NULL) STRICT;

CREATE VIEW terminal AS
    SELECT run.name AS run, topic, partition, off AS "offset", sample, state, reason,
           (SELECT value FROM meta WHERE meta.name = 'shard') || ':' || tenure.number AS tenure,
           incarnation
    FROM delivery JOIN run ON run.id = delivery.run JOIN source ON source.id = delivery.source
         JOIN tenure ON tenure.id = delivery.tenure;

CREATE VIEW scores AS
    SELECT run.name AS run, topic, partition, score.off AS "offset", sample, word.text AS model,
           rubric.hash AS rubric_hash, criterion.name AS criterion, status, value, passed,
           score.reason AS reason, criterion.dimension AS dimension, criterion.hash AS criterion_hash,
           criterion.weight AS weight, label, findings, observed_at_ms
    FROM score JOIN delivery USING(run, source, off) JOIN run ON run.id = score.run
         JOIN source ON source.id = score.source JOIN criterion ON criterion.id = score.criterion
         JOIN rubric ON rubric.id = criterion.rubric LEFT JOIN word ON word.id = delivery.model;

CREATE VIEW rollups AS
    SELECT run.name AS run, word.text AS model, criterion.name AS criterion,
           criterion.hash AS criterion_hash, segment, rollup.threshold AS threshold, bucket_ms,
           scored, not_applicable, skipped, error, passed, histogram
    FROM rollup JOIN run ON run.id = rollup.run JOIN criterion ON criterion.id = rollup.criterion
         LEFT JOIN word ON word.id = rollup.model;

CREATE VIEW tenures AS
    SELECT run.name AS run, topic, incarnation, partition, number, start, low_water, acked_to,
           predecessor, opened_at_ms,
           (SELECT value FROM meta WHERE meta.name = 'shard') AS shard
    FROM tenure JOIN run ON run.id = tenure.run JOIN source ON source.id = tenure.source;
