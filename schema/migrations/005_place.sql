-- 005: where a score's rubric stands among those that apply to the sample, from 0, in the order the
-- worker was told. Metrics take the composite of the first one, and each dimension from the first one
-- that scored it: numbers of different rubrics are never averaged.
ALTER TABLE score ADD COLUMN place INTEGER NOT NULL DEFAULT 0;

DROP VIEW scores;
CREATE VIEW scores AS
    SELECT run.name AS run, topic, partition, score.off AS "offset", sample, word.text AS model,
           rubric.hash AS rubric_hash, criterion.name AS criterion, status, value, passed,
           score.reason AS reason, criterion.dimension AS dimension, criterion.hash AS criterion_hash,
           criterion.weight AS weight, label, findings, observed_at_ms, place
    FROM score JOIN delivery USING(run, source, off) JOIN run ON run.id = score.run
         JOIN source ON source.id = score.source JOIN criterion ON criterion.id = score.criterion
         JOIN rubric ON rubric.id = criterion.rubric LEFT JOIN word ON word.id = delivery.model;
