-- The counts: what triggers keep, so that depths, statistics and weights cost the same at ten tasks and ten million.
--
-- The contribution of a row to every count is a function of the row alone. A row is counted once it has a lane
-- (lane_id IS NOT NULL); a change of a row takes the old contribution away and adds the new one, in any order.

-- All counts live in one table, so that a small transaction writes one page for them; each kind has a view of its own below.
CREATE TABLE counters (
    kind INTEGER NOT NULL,
    key1 NOT NULL,
    key2 NOT NULL,
    n INTEGER NOT NULL,
    sum1 INTEGER NOT NULL DEFAULT 0,
    sum2 INTEGER NOT NULL DEFAULT 0,
    sum3 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, key1, key2)
) WITHOUT ROWID;

-- Waiting tasks on three levels, so that a weighted draw reads a few rows at each: 0 per lane (slot 0),
-- 1 per lane and group of 32 priorities (slot = group), 2 per lane and priority (slot = priority).
-- `weight` is the sum of the integer weights 2^36 / (priority + 1). A slot is the priority brought into 0 to 1023.
CREATE VIEW lane_counts (level, lane_id, slot, n, weight) AS
SELECT kind, key1, key2, n, sum1 FROM counters WHERE kind BETWEEN 0 AND 2;

-- Tasks by type and status; `attempts`, `timed` (how many have a run time) and `run_ms` of completed and failed ones.
CREATE VIEW task_totals (type, status, n, attempts, timed, run_ms) AS
SELECT key1, key2, n, sum1, sum2, sum3 FROM counters WHERE kind = 3;

-- Run times of completed and failed tasks by logarithmic buckets, ten a decade (the series R10 of preferred numbers) from
-- 1 ms to 11 days (10^9 ms): a percentile read from them is at most 13 % off.
CREATE VIEW run_histogram (status, upper_ms, n) AS
SELECT key1, key2, n FROM counters WHERE kind = 4;

-- What the pruner has taken away, in the columns of task_totals: a lifetime total is both together.
CREATE VIEW pruned_totals (type, status, n, attempts, timed, run_ms) AS
SELECT key1, key2, n, sum1, sum2, sum3 FROM counters WHERE kind = 5;

-- How often each event of the ledger happened, by reason, whatever of it was pruned.
CREATE VIEW ledger_totals (event, reason, n) AS
SELECT key1, key2, n FROM counters WHERE kind = 6;

CREATE TABLE run_buckets (upper_ms INTEGER PRIMARY KEY);

WITH RECURSIVE
tenth (factor) AS (VALUES (100), (125), (160), (200), (250), (315), (400), (500), (630), (800)),
decade (scale) AS (
    VALUES (1) UNION ALL SELECT scale * 10 FROM decade WHERE scale < 1000000000
)
INSERT OR IGNORE INTO run_buckets (upper_ms)
SELECT 0 UNION SELECT scale * factor / 100 FROM decade, tenth WHERE scale * factor <= 100000000000;

-- Two views that are written to as one calls a procedure, where a row is inserted, deleted, replaced or finished; they
-- hold nothing. The moves of a task's life before its end are counted directly, below, since they come most often.

CREATE VIEW task_count_changes (type, status, attempts, run_ms, change) AS SELECT NULL, NULL, NULL, NULL, NULL WHERE 0;

CREATE TRIGGER task_count_unfinished INSTEAD OF INSERT ON task_count_changes
WHEN NEW.status NOT IN ('completed', 'failed')
BEGIN
    INSERT INTO counters (kind, key1, key2, n) VALUES (3, NEW.type, NEW.status, NEW.change)
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n + excluded.n;
END;

CREATE TRIGGER task_count_finished INSTEAD OF INSERT ON task_count_changes
WHEN NEW.status IN ('completed', 'failed')
BEGIN
    INSERT INTO counters (kind, key1, key2, n, sum1, sum2, sum3)
    VALUES (
        3, NEW.type, NEW.status, NEW.change,
        NEW.change * CAST(NEW.attempts AS INTEGER),
        NEW.change * (NEW.run_ms IS NOT NULL),
        NEW.change * CAST(ifnull(NEW.run_ms, 0) AS INTEGER)
    )
    ON CONFLICT (kind, key1, key2) DO UPDATE SET
        n = n + excluded.n, sum1 = sum1 + excluded.sum1, sum2 = sum2 + excluded.sum2, sum3 = sum3 + excluded.sum3;
    INSERT INTO counters (kind, key1, key2, n)
    SELECT 4, NEW.status, upper_ms, NEW.change FROM run_buckets
    WHERE upper_ms >= min(CAST(NEW.run_ms AS INTEGER), 1000000000) ORDER BY upper_ms LIMIT 1
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n + excluded.n;
END;

CREATE VIEW waiting_changes (lane_id, slot, change) AS SELECT NULL, NULL, NULL WHERE 0;

CREATE TRIGGER waiting_count INSTEAD OF INSERT ON waiting_changes
BEGIN
    INSERT INTO counters (kind, key1, key2, n, sum1)
    VALUES (0, NEW.lane_id, 0, NEW.change, NEW.change * ((68719476736 + (NEW.slot + 1) / 2) / (NEW.slot + 1))),
           (1, NEW.lane_id, NEW.slot / 32, NEW.change, NEW.change * ((68719476736 + (NEW.slot + 1) / 2) / (NEW.slot + 1))),
           (2, NEW.lane_id, NEW.slot, NEW.change, NEW.change * ((68719476736 + (NEW.slot + 1) / 2) / (NEW.slot + 1)))
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n + excluded.n, sum1 = sum1 + excluded.sum1;
    DELETE FROM counters WHERE kind = 0 AND key1 = NEW.lane_id AND key2 = 0 AND n = 0 AND sum1 = 0;
END;
