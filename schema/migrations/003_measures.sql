-- 003: what acked rows say beside scores: how long, how much, and which label.

-- Histograms of whole numbers: bin x up to 1024 is the value x; above, bin 1024 + i holds
-- (1024 g^(i-1), 1024 g^i], g = 1.01/0.99, so 2 * 1024 g^i / (g + 1) is within 1 % of each (DDSketch).
-- histogram: varints (bin - previous bin, count) in ascending order of bins.
CREATE TABLE measure(
    run INTEGER NOT NULL, model INTEGER NOT NULL,
    name TEXT NOT NULL CHECK(name IN ('evaluation_us','inference_us','input_tokens','output_tokens',
                                      'prompt_bytes','response_bytes')),
    segment INTEGER NOT NULL, threshold INTEGER NOT NULL, bucket_ms INTEGER NOT NULL,
    n INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY(run, model, name, segment, threshold, bucket_ms)) STRICT, WITHOUT ROWID;

-- How many samples a criterion gave a label.
CREATE TABLE category(
    run INTEGER NOT NULL, model INTEGER NOT NULL, criterion INTEGER NOT NULL,
    label INTEGER NOT NULL,           -- word
    segment INTEGER NOT NULL, threshold INTEGER NOT NULL, bucket_ms INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY(run, model, criterion, label, segment, threshold, bucket_ms)) STRICT, WITHOUT ROWID;

CREATE VIEW measures AS
    SELECT run.name AS run, word.text AS model, measure.name AS measure, segment, threshold,
           bucket_ms, n, histogram
    FROM measure JOIN run ON run.id = measure.run LEFT JOIN word ON word.id = measure.model;

CREATE VIEW categories AS
    SELECT run.name AS run, m.text AS model, criterion.name AS criterion,
           criterion.hash AS criterion_hash, l.text AS label, segment,
           category.threshold AS threshold, bucket_ms, n
    FROM category JOIN run ON run.id = category.run
         JOIN criterion ON criterion.id = category.criterion JOIN word l ON l.id = category.label
         LEFT JOIN word m ON m.id = category.model;
