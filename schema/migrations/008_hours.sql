-- 008: what is older than 48 hours is kept by the hour: cells of 5 minutes are added up and taken
-- away (worker/store/hours.c). bucket_ms is the start of the hour, and leads the keys: reports read
-- ranges of time. meta 'hours_to_ms': no hour that begins then or later was ever added up.
CREATE TABLE rollup_hour(
    run INTEGER NOT NULL, bucket_ms INTEGER NOT NULL, model INTEGER NOT NULL,
    criterion INTEGER NOT NULL, segment INTEGER NOT NULL, threshold INTEGER NOT NULL,
    scored INTEGER NOT NULL, not_applicable INTEGER NOT NULL, skipped INTEGER NOT NULL,
    error INTEGER NOT NULL, passed INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY(run, bucket_ms, model, criterion, segment, threshold)) STRICT, WITHOUT ROWID;

CREATE TABLE measure_hour(
    run INTEGER NOT NULL, bucket_ms INTEGER NOT NULL, model INTEGER NOT NULL, name TEXT NOT NULL,
    segment INTEGER NOT NULL, threshold INTEGER NOT NULL,
    n INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY(run, bucket_ms, model, name, segment, threshold)) STRICT, WITHOUT ROWID;

CREATE TABLE category_hour(
    run INTEGER NOT NULL, bucket_ms INTEGER NOT NULL, model INTEGER NOT NULL,
    criterion INTEGER NOT NULL, label INTEGER NOT NULL, segment INTEGER NOT NULL,
    threshold INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY(run, bucket_ms, model, criterion, label, segment, threshold)) STRICT, WITHOUT ROWID;

CREATE INDEX rollup_bucket ON rollup(bucket_ms);
CREATE INDEX measure_bucket ON measure(bucket_ms);
CREATE INDEX category_bucket ON category(bucket_ms);

-- minutes: how long the bucket is.
DROP VIEW rollups;
CREATE VIEW rollups AS
    WITH cell AS (
        SELECT run, model, criterion, segment, threshold, bucket_ms, 5 AS minutes, scored,
               not_applicable, skipped, error, passed, histogram FROM rollup
        UNION ALL
        SELECT run, model, criterion, segment, threshold, bucket_ms, 60, scored, not_applicable,
               skipped, error, passed, histogram FROM rollup_hour)
    SELECT run.name AS run, word.text AS model, criterion.name AS criterion,
           criterion.hash AS criterion_hash, segment.words AS segment, cell.threshold AS threshold,
           bucket_ms, scored, not_applicable, skipped, error, passed, histogram, minutes
    FROM cell JOIN run ON run.id = cell.run JOIN criterion ON criterion.id = cell.criterion
         LEFT JOIN segment ON segment.id = cell.segment LEFT JOIN word ON word.id = cell.model;

DROP VIEW measures;
CREATE VIEW measures AS
    WITH cell AS (
        SELECT run, model, name, segment, threshold, bucket_ms, 5 AS minutes, n, histogram
        FROM measure
        UNION ALL
        SELECT run, model, name, segment, threshold, bucket_ms, 60, n, histogram FROM measure_hour)
    SELECT run.name AS run, word.text AS model, cell.name AS measure, segment.words AS segment,
           threshold, bucket_ms, n, histogram, minutes
    FROM cell JOIN run ON run.id = cell.run LEFT JOIN segment ON segment.id = cell.segment
         LEFT JOIN word ON word.id = cell.model;

DROP VIEW categories;
CREATE VIEW categories AS
    WITH cell AS (
        SELECT run, model, criterion, label, segment, threshold, bucket_ms, 5 AS minutes, n
        FROM category
        UNION ALL
        SELECT run, model, criterion, label, segment, threshold, bucket_ms, 60, n
        FROM category_hour)
    SELECT run.name AS run, m.text AS model, criterion.name AS criterion,
           criterion.hash AS criterion_hash, l.text AS label, segment.words AS segment,
           cell.threshold AS threshold, bucket_ms, n, minutes
    FROM cell JOIN run ON run.id = cell.run JOIN criterion ON criterion.id = cell.criterion
         JOIN word l ON l.id = cell.label LEFT JOIN segment ON segment.id = cell.segment
         LEFT JOIN word m ON m.id = cell.model;
