-- 009: what people said of samples (assay label import). Labels stand in shards of their own, in the
-- folder labels of a store; rows are never updated: who changes a verdict says it again, later.
CREATE TABLE label(
    sample TEXT NOT NULL,             -- the sample's id
    model TEXT NOT NULL,              -- '' when it has none
    target TEXT NOT NULL,             -- the name of a criterion or a dimension, or composite
    labeller TEXT NOT NULL,
    labelled_at_ms INTEGER NOT NULL,
    value REAL NOT NULL CHECK(value BETWEEN 0 AND 1), -- a verdict is 0 or 1
    probability REAL CHECK(probability > 0 AND probability <= 1), -- with which the sample was put
                                      -- before people, of those of its window; null: not known
    note TEXT,
    imported_at_ms INTEGER NOT NULL,
    PRIMARY KEY(sample, model, target, labeller, labelled_at_ms)) STRICT, WITHOUT ROWID;

CREATE VIEW labels AS
    SELECT sample, model, target, value, labeller, labelled_at_ms, probability, note, imported_at_ms
    FROM label;
