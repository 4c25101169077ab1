-- 012: how much arrived where a worker evaluates a part of it (assay run --sample). A sample that was
-- not chosen is 'unmatched: not_sampled'. Rows say with what probability the record came, because
-- traffic is counted of rows that are read back, when they are acked.
ALTER TABLE delivery ADD COLUMN captured REAL; -- null: this worker left nothing out

-- The share of samples that the criterion is evaluated on: a score's probability is the product.
ALTER TABLE criterion ADD COLUMN share REAL NOT NULL DEFAULT 1;

-- Samples that were meant for a rubric, by what they stand for: those that came, by the probability
-- they came with, and those that were kept, by the product of that and the worker's.
CREATE TABLE traffic(
    run INTEGER NOT NULL, bucket_ms INTEGER NOT NULL, -- 5 minutes; an hour where it is old
    model INTEGER NOT NULL, segment INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    arrived INTEGER NOT NULL, kept INTEGER NOT NULL,
    PRIMARY KEY(run, bucket_ms, model, segment, threshold)) STRICT, WITHOUT ROWID;

-- requests: how many they stand for, of what came and as estimated from what was kept.
CREATE VIEW traffic_counts AS
    SELECT run.name AS run, m.text AS model, segment.words AS segment, bucket_ms,
           sum(arrived) AS arrived, sum(kept) AS kept,
           sum(arrived * 72057594037927936.0 / (72057594037927936 - threshold)) AS requests,
           sum(kept * 72057594037927936.0 / (72057594037927936 - threshold)) AS estimated
    FROM traffic JOIN run ON run.id = traffic.run
         LEFT JOIN segment ON segment.id = traffic.segment
         LEFT JOIN word m ON m.id = traffic.model
    GROUP BY traffic.run, traffic.model, traffic.segment, bucket_ms;
