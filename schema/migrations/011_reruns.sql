-- 011: stored samples can be scored again, as a new run.

-- form: 0 holds prompt and response only, 1 is the sample's whole capture record. share: with which
-- probability a sample like this one has its text kept (1: it failed or was judged).
ALTER TABLE text ADD COLUMN form INTEGER NOT NULL DEFAULT 0;
ALTER TABLE text ADD COLUMN share REAL NOT NULL DEFAULT 1;

-- What models answered, so that the same question need not be asked, and paid for, twice. Kept as
-- texts are. key: hash of all that determines the question, and of whom it was asked
-- (question_answer_key). nonce: of the call, which its answer repeats.
CREATE TABLE answer(
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, answer TEXT NOT NULL, nonce TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, finish_reason TEXT,
    recorded_at_ms INTEGER NOT NULL) STRICT;

-- A rerun: what it was asked for (JSON), when it began and ended. Live has none of it.
ALTER TABLE run ADD COLUMN description TEXT;
ALTER TABLE run ADD COLUMN started_at_ms INTEGER;
ALTER TABLE run ADD COLUMN ended_at_ms INTEGER;

-- What a rerun has done: all of a source from `first` up to `end`. Written with the rows of it, and
-- with what they add to the rollups. outcomes: JSON, how many records ended in which way.
CREATE TABLE chunk(
    run INTEGER NOT NULL, source INTEGER NOT NULL, first INTEGER NOT NULL, end INTEGER NOT NULL,
    outcomes TEXT NOT NULL, PRIMARY KEY(run, source, first)) STRICT, WITHOUT ROWID;

CREATE VIEW runs AS
    SELECT name AS run, description, started_at_ms, ended_at_ms,
           (SELECT count(*) FROM chunk WHERE chunk.run = run.id) AS chunks
    FROM run;
