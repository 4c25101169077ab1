-- 002: responses to one request that arrive as deliveries of their own (a group). One row for each,
-- for each criterion that compares them; rows are never updated.
CREATE TABLE fingerprint(
    run INTEGER NOT NULL, criterion INTEGER NOT NULL,
    grp INTEGER NOT NULL,             -- keyed hash of scope, model, model version and group
    position INTEGER NOT NULL,        -- how many the shard held before it
    member INTEGER NOT NULL,          -- tells responses of a group apart: index, else hash of the id
    source INTEGER NOT NULL, off INTEGER NOT NULL,
    expected INTEGER NOT NULL,        -- how many the group will have; 0 unknown
    units BLOB NOT NULL,              -- 64 bits each, little-endian, keyed; 0 equals no other
    PRIMARY KEY(run, criterion, grp, position)) STRICT, WITHOUT ROWID;
CREATE INDEX fingerprint_delivery ON fingerprint(run, source, off);

CREATE VIEW fingerprints AS
    SELECT run.name AS run, topic, incarnation, partition, off AS "offset",
           criterion.name AS criterion, criterion.hash AS criterion_hash, grp AS "group", member,
           position, expected, units
    FROM fingerprint JOIN run ON run.id = fingerprint.run
         JOIN source ON source.id = fingerprint.source
         JOIN criterion ON criterion.id = fingerprint.criterion;
