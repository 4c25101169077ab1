-- 004: tokens reserved for the judge, beside its calls: a limit of either survives every crash.
ALTER TABLE budget ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
