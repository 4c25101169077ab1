-- 007: the part of the traffic a sample belongs to, by the keys that the worker was told
-- (--segment-by). Rows carry it, because rollups are made of rows that are read back.
CREATE TABLE segment(
    id INTEGER PRIMARY KEY,
    keys TEXT NOT NULL,               -- 'language,route': ascending; '' where nothing is told apart
    words TEXT NOT NULL UNIQUE) STRICT; -- JSON, keys ascending, null where the record has none:
                                        -- {"language":"de","route":null}. Ids differ among shards.
INSERT INTO segment VALUES(0, '', '{}');
ALTER TABLE delivery ADD COLUMN segment INTEGER NOT NULL DEFAULT 0;

DROP VIEW rollups;
CREATE VIEW rollups AS
    SELECT run.name AS run, word.text AS model, criterion.name AS criterion,
           criterion.hash AS criterion_hash, segment.words AS segment,
           rollup.threshold AS threshold, bucket_ms,
           scored, not_applicable, skipped, error, passed, histogram
    FROM rollup JOIN run ON run.id = rollup.run JOIN criterion ON criterion.id = rollup.criterion
         LEFT JOIN segment ON segment.id = rollup.segment
         LEFT JOIN word ON word.id = rollup.model;

DROP VIEW measures;
CREATE VIEW measures AS
    SELECT run.name AS run, word.text AS model, measure.name AS measure, segment.words AS segment,
           threshold, bucket_ms, n, histogram
    FROM measure JOIN run ON run.id = measure.run LEFT JOIN word ON word.id = measure.model
         LEFT JOIN segment ON segment.id = measure.segment;

DROP VIEW categories;
CREATE VIEW categories AS
    SELECT run.name AS run, m.text AS model, criterion.name AS criterion,
           criterion.hash AS criterion_hash, l.text AS label, segment.words AS segment,
           category.threshold AS threshold, bucket_ms, n
    FROM category JOIN run ON run.id = category.run
         JOIN criterion ON criterion.id = category.criterion JOIN word l ON l.id = category.label
         LEFT JOIN segment ON segment.id = category.segment
         LEFT JOIN word m ON m.id = category.model;
