-- 010: what happened to a model from outside, a deployment say (assay mark). Marks stand in shards of
-- their own, in the folder marks of a store; rows are never updated or deleted.
CREATE TABLE mark(
    model TEXT NOT NULL,              -- '': of all models
    at_ms INTEGER NOT NULL,
    text TEXT NOT NULL CHECK(text <> ''),
    made_at_ms INTEGER NOT NULL,
    PRIMARY KEY(model, at_ms, text)) STRICT, WITHOUT ROWID;

CREATE VIEW marks AS SELECT model, at_ms, text, made_at_ms FROM mark;
