-- What happened: tallies, counted in the transaction of the change, and the history that they are folded into.
--
-- What comes most often (enqueued, started, completed) musterq's own moves tally by a statement of their own, one for many
-- tasks; all else, and what plain SQL does, triggers tally. A tally never goes down: what is undone is another event.

-- A few minutes at most stay here: whoever claims folds what is older into `history`.
CREATE TABLE tallies (
    tally_id INTEGER PRIMARY KEY,
    minute TEXT NOT NULL,                          -- YYYY-MM-DD HH:MM, when it was written
    type TEXT NOT NULL,
    what TEXT NOT NULL,                            -- enqueued, started, completed ...
    bucket INTEGER NOT NULL,                       -- of its wait or run time, as in run_buckets; -1: it has none
    n INTEGER NOT NULL,
    ms INTEGER NOT NULL DEFAULT 0                  -- the sum of these times
);

CREATE UNIQUE INDEX tally_of_minute ON tallies (minute, type, what, bucket);

-- By minute, hour, day and for ever, of each type and of all together.
CREATE TABLE history (
    span TEXT NOT NULL,                            -- minute, hour, day, or ever
    by_type INTEGER NOT NULL,                      -- 0: all types together, `type` is empty
    what TEXT NOT NULL,                            -- as in tallies; or a gauge: depth, active_workers, utilisation
    at TEXT NOT NULL,                              -- when the span began, YYYY-MM-DD HH:MM; empty for ever
    type TEXT NOT NULL,
    n INTEGER NOT NULL,                            -- how often; of a gauge: by what its sum is divided
    ms INTEGER NOT NULL,                           -- the sum of the times; of a gauge: of its values
    buckets TEXT NOT NULL DEFAULT '{}',            -- JSON: how many had a time of each bucket
    PRIMARY KEY (span, by_type, what, at, type)
) WITHOUT ROWID;

-- `at_utc` is NULL where plain SQL did not say when: then it is now. The run time of what plain SQL ended is reckoned, since
-- the trigger that writes it may come later.
CREATE VIEW tally_moves (type, old_status, status, started, crashes, old_crashes, error_message, run_ms, at_utc)
AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE 0;

-- Claims and completions of musterq change the token, and are tallied by it.
CREATE TRIGGER task_move_tallied AFTER UPDATE OF status ON task_queue
WHEN OLD.status IS NOT NEW.status AND OLD.lane_id IS NOT NULL
     AND (NEW.status IN ('failed', 'cancelled', 'scheduled')
          OR NEW.status = 'queued' AND OLD.status = 'processing'
          OR NEW.status IN ('completed', 'processing') AND NEW.claim_token IS OLD.claim_token)
BEGIN
    INSERT INTO tally_moves (type, old_status, status, started, crashes, old_crashes, error_message, run_ms, at_utc)
    VALUES (NEW.type, OLD.status, NEW.status, coalesce(NEW.processing_started_utc, OLD.processing_started_utc),
            NEW.crashes, OLD.crashes,
            CASE WHEN OLD.status <> 'processing' OR NEW.attempts < OLD.attempts THEN NEW.error_message END,  -- not a handler's
            CASE WHEN NEW.claim_token IS OLD.claim_token
                 THEN max(0, CAST(round((julianday(NEW.finished_at_utc) - julianday(NEW.processing_started_utc)) * 86400000.0) AS INTEGER))
                 ELSE NEW.run_ms END,
            CASE WHEN NEW.updated_at_utc IS NOT OLD.updated_at_utc OR NEW.claim_token IS NOT OLD.claim_token
                 THEN NEW.updated_at_utc END);
END;

CREATE TRIGGER tally_moves_apply INSTEAD OF INSERT ON tally_moves
WHEN NEW.status IN ('completed', 'failed', 'cancelled', 'processing')
     OR NEW.old_status = 'processing' AND NEW.status = 'scheduled'
     OR NEW.old_status = 'processing' AND NEW.status = 'queued' AND NEW.started IS NOT NULL AND NEW.crashes IS NEW.old_crashes
BEGIN
    INSERT INTO tallies (minute, type, what, bucket, n, ms)
    SELECT strftime('%Y-%m-%d %H:%M', coalesce(julianday(NEW.at_utc), 'now')), NEW.type, what,
           CASE WHEN run_ms IS NULL THEN -1
                ELSE (SELECT upper_ms FROM run_buckets WHERE upper_ms >= min(run_ms, 1000000000)
                      ORDER BY upper_ms LIMIT 1) END,
           1, ifnull(run_ms, 0)
    FROM (SELECT CASE NEW.status
                     WHEN 'processing' THEN 'started'
                     WHEN 'scheduled' THEN 'retried'
                     WHEN 'queued' THEN 'released'
                     WHEN 'failed' THEN CASE WHEN NEW.error_message GLOB 'expired: *' THEN 'expired' ELSE 'failed' END
                     ELSE NEW.status END AS what,
                 CASE WHEN NEW.status IN ('completed', 'failed', 'scheduled') AND NEW.old_status = 'processing'
                      THEN max(0, CAST(NEW.run_ms AS INTEGER)) END AS run_ms)
    WHERE TRUE
    ON CONFLICT (minute, type, what, bucket) DO UPDATE SET n = n + 1, ms = ms + excluded.ms;
END;

-- musterq's own inserts come with their lane, and are tallied by a statement of their own.
CREATE TRIGGER task_enqueued_by_plain_sql AFTER INSERT ON task_queue
WHEN NEW.lane_id IS NULL
BEGIN
    INSERT INTO tallies (minute, type, what, bucket, n)
    VALUES (strftime('%Y-%m-%d %H:%M', 'now'), NEW.type, 'enqueued', -1, 1)
    ON CONFLICT (minute, type, what, bucket) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER task_crash_tallied AFTER UPDATE OF crashes ON task_queue
WHEN NEW.crashes > OLD.crashes AND OLD.status = 'processing' AND NEW.status IS NOT 'processing'
BEGIN
    INSERT INTO tallies (minute, type, what, bucket, n)
    VALUES (strftime('%Y-%m-%d %H:%M', coalesce(julianday(NEW.updated_at_utc), 'now')), NEW.type, 'crashed', -1, 1)
    ON CONFLICT (minute, type, what, bucket) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER ledger_tallied AFTER INSERT ON rescue_ledger
BEGIN
    INSERT INTO tallies (minute, type, what, bucket, n)
    VALUES (strftime('%Y-%m-%d %H:%M', coalesce(julianday(NEW.at_utc), 'now')), ifnull(NEW.type, ''), NEW.event, -1, 1)
    ON CONFLICT (minute, type, what, bucket) DO UPDATE SET n = n + 1;
END;
