-- 006: what a judge may cost a day is reserved in one file of the store, budget.sqlite, by all processes
-- that share it (worker/store/ledger.c). What this shard reserved for itself ends with this.
DROP TABLE budget;
