-- The triggers: a row that plain SQL puts in, changes, replaces or deletes is a task like any other, and every count stays right.
--
-- They run in any SQLite since 3.35, also in one without our functions, and keep to what holds under every conflict
-- clause of the outer statement: an outer OR REPLACE overrides an inner OR IGNORE but not an inner ON CONFLICT, and
-- what a BEFORE INSERT trigger did stays although OR IGNORE then drops the row.

-- Lanes: a generation is a random number, so that one that was rolled back never comes again ----------------------------

CREATE TRIGGER lane_added AFTER INSERT ON lanes
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

CREATE TRIGGER lane_dropped AFTER DELETE ON lanes
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

CREATE TRIGGER type_paused AFTER INSERT ON paused_types
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

CREATE TRIGGER type_resumed AFTER DELETE ON paused_types
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

-- Admission: a row without its lane gets it; its words, numbers and times are brought to their one form --------------------
--
-- strftime(..., max(julianday(x), 1721425.5)) is x in the stored form, or NULL if it is no time: the 30th of February is
-- the 1st or 2nd of March, and what is before the year 1, which no program in Python could read, is its first day.

CREATE TRIGGER task_admitted AFTER INSERT ON task_queue
WHEN NEW.lane_id IS NULL
     OR NOT EXISTS (SELECT 1 FROM lanes
                    WHERE lane_id = NEW.lane_id AND type = NEW.type AND compatibility = NEW.compatibility)
BEGIN
    INSERT INTO lanes (type, compatibility) VALUES (NEW.type, NEW.compatibility) ON CONFLICT DO NOTHING;
    UPDATE task_queue SET
        lane_id = (SELECT lane_id FROM lanes WHERE type = NEW.type AND compatibility = NEW.compatibility),
        run_after_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.run_after_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now')),
        created_at_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.created_at_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now')),
        updated_at_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.updated_at_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now')),
        lease_until_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.lease_until_utc), 1721425.5)),
        reserved_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.reserved_at_utc), 1721425.5)),
        processing_started_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.processing_started_utc), 1721425.5)),
        finished_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.finished_at_utc), 1721425.5)),
        expires_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.expires_at_utc), 1721425.5)),
        priority = CASE typeof(NEW.priority)
            WHEN 'integer' THEN NEW.priority WHEN 'real' THEN CAST(NEW.priority AS INTEGER) ELSE 100 END,
        run_ms = CASE WHEN NEW.status IN ('completed', 'failed', 'dead_letter') THEN
            max(0, CAST(round((julianday(NEW.finished_at_utc) - julianday(NEW.processing_started_utc)) * 86400000.0) AS INTEGER)) END,
        status = CASE
            WHEN NEW.status = 'leased' THEN 'processing'
            WHEN NEW.status = 'dead_letter' THEN 'failed'
            WHEN NEW.status = 'queued'
                 AND strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.run_after_utc), 1721425.5)) > strftime('%Y-%m-%d %H:%M:%f', 'now') THEN 'scheduled'
            ELSE NEW.status END
    WHERE id = NEW.id;
END;

CREATE TRIGGER task_changed_lane AFTER UPDATE OF type, compatibility, lane_id ON task_queue
WHEN NOT EXISTS (SELECT 1 FROM lanes
                 WHERE lane_id = NEW.lane_id AND type = NEW.type AND compatibility = NEW.compatibility)
BEGIN
    INSERT INTO lanes (type, compatibility) VALUES (NEW.type, NEW.compatibility) ON CONFLICT DO NOTHING;
    UPDATE task_queue
    SET lane_id = (SELECT lane_id FROM lanes WHERE type = NEW.type AND compatibility = NEW.compatibility)
    WHERE id = NEW.id;
END;

CREATE TRIGGER task_priority_in_form AFTER UPDATE OF priority ON task_queue
WHEN typeof(NEW.priority) <> 'integer'
BEGIN
    UPDATE task_queue SET priority = CASE typeof(NEW.priority) WHEN 'real' THEN CAST(NEW.priority AS INTEGER) ELSE 100 END
    WHERE id = NEW.id;
END;

CREATE TRIGGER task_older_status AFTER UPDATE OF status ON task_queue
WHEN NEW.status IN ('leased', 'dead_letter')
BEGIN
    UPDATE task_queue SET status = CASE NEW.status WHEN 'leased' THEN 'processing' ELSE 'failed' END WHERE id = NEW.id;
END;

-- A task that plain SQL makes wait again may wait since another moment than its id tells.
CREATE TRIGGER task_waits_late AFTER UPDATE OF status, created_at_utc, due_at_utc ON task_queue
WHEN NEW.status = 'queued' AND NEW.late = 0
     AND (NEW.created_at_utc IS NOT OLD.created_at_utc OR NEW.due_at_utc IS NOT OLD.due_at_utc)
BEGIN
    UPDATE task_queue SET late = 1 WHERE id = NEW.id;
END;

CREATE TRIGGER task_put_off AFTER UPDATE OF run_after_utc ON task_queue
WHEN NEW.status = 'queued' AND NEW.run_after_utc IS NOT OLD.run_after_utc AND NEW.claim_token IS OLD.claim_token
     AND strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.run_after_utc), 1721425.5)) > strftime('%Y-%m-%d %H:%M:%f', 'now')
BEGIN
    UPDATE task_queue SET status = 'scheduled' WHERE id = NEW.id;
END;

-- musterq's own moves change the claim token; only other writes of times are looked at. What is done about them is written
-- to a view, since a long trigger costs time also where its WHEN says no.
CREATE VIEW time_changes (id, run_after_utc, created_at_utc, updated_at_utc, lease_until_utc, reserved_at_utc,
                          processing_started_utc, finished_at_utc, expires_at_utc, due_at_utc)
AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE 0;

CREATE TRIGGER task_times_in_form
AFTER UPDATE OF run_after_utc, created_at_utc, updated_at_utc, lease_until_utc, reserved_at_utc,
                processing_started_utc, finished_at_utc, expires_at_utc, due_at_utc ON task_queue
WHEN NEW.claim_token IS OLD.claim_token AND NEW.lane_id IS OLD.lane_id
BEGIN
    INSERT INTO time_changes (id, run_after_utc, created_at_utc, updated_at_utc, lease_until_utc, reserved_at_utc,
                              processing_started_utc, finished_at_utc, expires_at_utc, due_at_utc)
    VALUES (NEW.id, NEW.run_after_utc, NEW.created_at_utc, NEW.updated_at_utc, NEW.lease_until_utc, NEW.reserved_at_utc,
            NEW.processing_started_utc, NEW.finished_at_utc, NEW.expires_at_utc, NEW.due_at_utc);
END;

CREATE TRIGGER time_changes_apply INSTEAD OF INSERT ON time_changes
WHEN NEW.run_after_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.run_after_utc), 1721425.5))
     OR NEW.created_at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.created_at_utc), 1721425.5))
     OR NEW.updated_at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.updated_at_utc), 1721425.5))
     OR NEW.lease_until_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.lease_until_utc), 1721425.5))
     OR NEW.reserved_at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.reserved_at_utc), 1721425.5))
     OR NEW.processing_started_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.processing_started_utc), 1721425.5))
     OR NEW.finished_at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.finished_at_utc), 1721425.5))
     OR NEW.expires_at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.expires_at_utc), 1721425.5))
     OR NEW.due_at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.due_at_utc), 1721425.5))
BEGIN
    UPDATE task_queue SET
        run_after_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.run_after_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now')),
        created_at_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.created_at_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now')),
        updated_at_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.updated_at_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now')),
        lease_until_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.lease_until_utc), 1721425.5)),
        reserved_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.reserved_at_utc), 1721425.5)),
        processing_started_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.processing_started_utc), 1721425.5)),
        finished_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.finished_at_utc), 1721425.5)),
        expires_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.expires_at_utc), 1721425.5)),
        due_at_utc = strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.due_at_utc), 1721425.5))
    WHERE id = NEW.id;
END;

-- A lease that plain SQL wrote is judged by its text: the boot clock beside it no longer belongs to it.
CREATE TRIGGER task_lease_by_text AFTER UPDATE OF lease_until_utc ON task_queue
WHEN NEW.lease_boot_id IS NOT NULL AND NEW.status = 'processing' AND NEW.lease_until_utc IS NOT NEW.lease_text
BEGIN
    UPDATE task_queue SET lease_boot_id = NULL WHERE id = NEW.id;
END;

-- A task that plain SQL ended gets its run time; musterq writes it with the end.
CREATE TRIGGER task_run_time AFTER UPDATE OF status, processing_started_utc, finished_at_utc ON task_queue
WHEN NEW.status IN ('completed', 'failed') AND NEW.claim_token IS OLD.claim_token AND NEW.run_ms IS OLD.run_ms
BEGIN
    UPDATE task_queue SET run_ms = max(0,
        CAST(round((julianday(NEW.finished_at_utc) - julianday(NEW.processing_started_utc)) * 86400000.0) AS INTEGER))
    WHERE id = NEW.id;
END;

-- Counting ------------------------------------------------------------------------------------------------------------

CREATE TRIGGER task_counted_in AFTER INSERT ON task_queue
WHEN NEW.lane_id IS NOT NULL
BEGIN
    INSERT INTO task_count_changes (type, status, attempts, run_ms, change)
    VALUES (NEW.type, NEW.status, NEW.attempts, NEW.run_ms, 1);
END;

CREATE TRIGGER task_waits AFTER INSERT ON task_queue
WHEN NEW.status = 'queued' AND NEW.held = 0 AND NEW.lane_id IS NOT NULL
BEGIN
    INSERT INTO waiting_changes (lane_id, slot, change)
    VALUES (NEW.lane_id, min(max(CAST(NEW.priority AS INTEGER), 0), 1023), 1);
END;

CREATE TRIGGER task_moved AFTER UPDATE OF status ON task_queue
WHEN OLD.status IS NOT NEW.status AND OLD.type IS NEW.type AND OLD.lane_id IS NOT NULL AND NEW.lane_id IS NOT NULL
     AND OLD.status NOT IN ('completed', 'failed') AND NEW.status NOT IN ('completed', 'failed')
BEGIN
    UPDATE counters SET n = n - 1 WHERE kind = 3 AND key1 = OLD.type AND key2 = OLD.status;
    INSERT INTO counters (kind, key1, key2, n) VALUES (3, NEW.type, NEW.status, 1)
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER task_ended AFTER UPDATE OF status ON task_queue
WHEN OLD.status = 'processing' AND NEW.status IN ('completed', 'failed')
     AND OLD.type IS NEW.type AND OLD.lane_id IS NOT NULL AND NEW.lane_id IS NOT NULL
BEGIN
    UPDATE counters SET n = n - 1 WHERE kind = 3 AND key1 = OLD.type AND key2 = 'processing';
    INSERT INTO counters (kind, key1, key2, n, sum1, sum2, sum3)
    VALUES (3, NEW.type, NEW.status, 1, CAST(NEW.attempts AS INTEGER), NEW.run_ms IS NOT NULL, ifnull(NEW.run_ms, 0))
    ON CONFLICT (kind, key1, key2) DO UPDATE SET
        n = n + 1, sum1 = sum1 + excluded.sum1, sum2 = sum2 + excluded.sum2, sum3 = sum3 + excluded.sum3;
    INSERT INTO counters (kind, key1, key2, n)
    SELECT 4, NEW.status, upper_ms, 1 FROM run_buckets
    WHERE upper_ms >= min(CAST(NEW.run_ms AS INTEGER), 1000000000) ORDER BY upper_ms LIMIT 1
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER task_counted_again AFTER UPDATE OF status, type, attempts, run_ms, lane_id ON task_queue
WHEN (OLD.status IN ('completed', 'failed') OR (NEW.status IN ('completed', 'failed') AND OLD.status IS NOT 'processing')
      OR OLD.type IS NOT NEW.type OR OLD.lane_id IS NULL OR NEW.lane_id IS NULL)
     AND (OLD.status IS NOT NEW.status OR OLD.type IS NOT NEW.type OR OLD.attempts IS NOT NEW.attempts
          OR OLD.run_ms IS NOT NEW.run_ms OR (OLD.lane_id IS NULL) <> (NEW.lane_id IS NULL))
BEGIN
    INSERT INTO task_recounts (old_type, old_status, old_attempts, old_run_ms, old_lane_id, type, status, attempts, run_ms, lane_id)
    VALUES (OLD.type, OLD.status, OLD.attempts, OLD.run_ms, OLD.lane_id, NEW.type, NEW.status, NEW.attempts, NEW.run_ms, NEW.lane_id);
END;

CREATE VIEW task_recounts (old_type, old_status, old_attempts, old_run_ms, old_lane_id, type, status, attempts, run_ms, lane_id)
AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE 0;

CREATE TRIGGER task_recounts_apply INSTEAD OF INSERT ON task_recounts
BEGIN
    INSERT INTO task_count_changes (type, status, attempts, run_ms, change)
    SELECT NEW.old_type, NEW.old_status, NEW.old_attempts, NEW.old_run_ms, -1 WHERE NEW.old_lane_id IS NOT NULL;
    INSERT INTO task_count_changes (type, status, attempts, run_ms, change)
    SELECT NEW.type, NEW.status, NEW.attempts, NEW.run_ms, 1 WHERE NEW.lane_id IS NOT NULL;
END;

CREATE TRIGGER task_waits_no_more AFTER UPDATE OF status, held, priority, lane_id ON task_queue
WHEN OLD.status = 'queued' AND OLD.held = 0 AND OLD.lane_id IS NOT NULL
     AND (NEW.status IS NOT 'queued' OR NEW.held <> 0 OR NEW.priority IS NOT OLD.priority OR NEW.lane_id IS NOT OLD.lane_id)
BEGIN
    INSERT INTO waiting_changes (lane_id, slot, change)
    VALUES (OLD.lane_id, min(max(CAST(OLD.priority AS INTEGER), 0), 1023), -1);
END;

CREATE TRIGGER task_waits_again AFTER UPDATE OF status, held, priority, lane_id ON task_queue
WHEN NEW.status = 'queued' AND NEW.held = 0 AND NEW.lane_id IS NOT NULL
     AND (OLD.status IS NOT 'queued' OR OLD.held <> 0 OR NEW.priority IS NOT OLD.priority OR NEW.lane_id IS NOT OLD.lane_id)
BEGIN
    INSERT INTO waiting_changes (lane_id, slot, change)
    VALUES (NEW.lane_id, min(max(CAST(NEW.priority AS INTEGER), 0), 1023), 1);
END;

CREATE TRIGGER task_deleted AFTER DELETE ON task_queue
BEGIN
    INSERT INTO task_count_changes (type, status, attempts, run_ms, change)
    SELECT OLD.type, OLD.status, OLD.attempts, OLD.run_ms, -1
    WHERE OLD.lane_id IS NOT NULL;
    INSERT INTO waiting_changes (lane_id, slot, change)
    SELECT OLD.lane_id, min(max(CAST(OLD.priority AS INTEGER), 0), 1023), -1
    WHERE OLD.status = 'queued' AND OLD.held = 0 AND OLD.lane_id IS NOT NULL;
    DELETE FROM replaced_tasks WHERE id = OLD.id;
    DELETE FROM task_logs WHERE task_id = OLD.id;
    DELETE FROM task_attempts WHERE task_id = OLD.id;
END;

-- Replacement: OR REPLACE removes rows without a delete trigger (unless the connection has recursive_triggers on). What
-- an insert or update might replace is noted before it; afterwards whichever of these is really gone is counted out. A
-- note that stays because OR IGNORE dropped the row harms nobody: its task is still there.

CREATE TABLE replaced_tasks (
    id INTEGER PRIMARY KEY,
    type, status, attempts, run_ms, lane_id, priority, held, concurrency_key, next_id
);

CREATE TRIGGER task_may_replace BEFORE INSERT ON task_queue
WHEN EXISTS (SELECT 1 FROM task_queue WHERE id = NEW.id)
     OR (NEW.idempotency_key IS NOT NULL AND EXISTS (SELECT 1 FROM task_queue WHERE idempotency_key = NEW.idempotency_key))
BEGIN
    DELETE FROM replaced_tasks;
    INSERT INTO replaced_tasks
    SELECT id, type, status, attempts, run_ms, lane_id, priority, held, concurrency_key, next_id
    FROM task_queue WHERE id = NEW.id
    UNION
    SELECT id, type, status, attempts, run_ms, lane_id, priority, held, concurrency_key, next_id
    FROM task_queue WHERE idempotency_key = NEW.idempotency_key;
END;

CREATE TRIGGER task_replaced AFTER INSERT ON task_queue
WHEN EXISTS (SELECT 1 FROM replaced_tasks)
BEGIN
    INSERT INTO replacements (new_id) VALUES (NEW.id);
END;

CREATE TRIGGER task_update_may_replace BEFORE UPDATE OF id, idempotency_key ON task_queue
WHEN (NEW.id IS NOT OLD.id OR NEW.idempotency_key IS NOT OLD.idempotency_key)
     AND (EXISTS (SELECT 1 FROM task_queue WHERE id = NEW.id AND id <> OLD.id)
          OR EXISTS (SELECT 1 FROM task_queue WHERE idempotency_key = NEW.idempotency_key AND id <> OLD.id))
BEGIN
    DELETE FROM replaced_tasks;
    INSERT INTO replaced_tasks
    SELECT id, type, status, attempts, run_ms, lane_id, priority, held, concurrency_key, next_id
    FROM task_queue WHERE id = NEW.id AND id <> OLD.id
    UNION
    SELECT id, type, status, attempts, run_ms, lane_id, priority, held, concurrency_key, next_id
    FROM task_queue WHERE idempotency_key = NEW.idempotency_key AND id <> OLD.id;
END;

CREATE TRIGGER task_replaced_by_update AFTER UPDATE OF id, idempotency_key ON task_queue
WHEN EXISTS (SELECT 1 FROM replaced_tasks)
BEGIN
    DELETE FROM replaced_tasks WHERE id = OLD.id;  -- a note that an upsert or OR IGNORE left; no row replaces itself
    INSERT INTO replacements (new_id) VALUES (NEW.id);
END;

CREATE VIEW replacements (new_id) AS SELECT NULL WHERE 0;

CREATE TRIGGER replacements_apply INSTEAD OF INSERT ON replacements
BEGIN
    DELETE FROM replaced_tasks WHERE id <> NEW.new_id AND EXISTS (SELECT 1 FROM task_queue WHERE id = replaced_tasks.id);
    INSERT INTO task_count_changes (type, status, attempts, run_ms, change)
    SELECT type, status, attempts, run_ms, -1
    FROM replaced_tasks WHERE lane_id IS NOT NULL;
    INSERT INTO waiting_changes (lane_id, slot, change)
    SELECT lane_id, min(max(CAST(priority AS INTEGER), 0), 1023), -1
    FROM replaced_tasks WHERE status = 'queued' AND held = 0 AND lane_id IS NOT NULL;
    INSERT INTO key_moves (concurrency_key)
    SELECT DISTINCT concurrency_key FROM replaced_tasks WHERE concurrency_key IS NOT NULL;
    INSERT INTO part_deletions (id, type, next_id)
    SELECT id, type, next_id FROM replaced_tasks WHERE next_id IS NOT NULL AND status <> 'completed';
    DELETE FROM task_logs WHERE task_id IN (SELECT id FROM replaced_tasks);
    DELETE FROM task_attempts WHERE task_id IN (SELECT id FROM replaced_tasks);
    DELETE FROM replaced_tasks;
END;

-- Workers and logs ----------------------------------------------------------------------------------------------------

CREATE TRIGGER worker_beat_in_form AFTER UPDATE OF heartbeat_utc ON workers
WHEN NEW.heartbeat_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.heartbeat_utc), 1721425.5))
BEGIN
    UPDATE workers
    SET heartbeat_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.heartbeat_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now'))
    WHERE worker_id = NEW.worker_id;
END;

-- What a removed worker still holds gets a lease of its own from now on ('removed' marks it as given by this trigger) ...
CREATE TRIGGER worker_removed AFTER DELETE ON workers
BEGIN
    UPDATE task_queue
    SET lease_until_utc = strftime('%Y-%m-%d %H:%M:%f', 'now', '+' || coalesce(
            (SELECT lease_seconds FROM worker_facts WHERE worker_id = OLD.worker_id), 60) || ' seconds'),
        lease_text = 'removed', lease_boot_id = NULL
    WHERE status = 'processing' AND locked_by = OLD.worker_id AND lease_until_utc IS NULL;
END;

-- What its process told is forgotten only when another worker comes in, not when its row goes: a replacement under
-- recursive_triggers deletes the row too, and must lose nothing.
CREATE TRIGGER worker_comes BEFORE INSERT ON workers
BEGIN
    DELETE FROM worker_facts WHERE worker_id NOT IN (SELECT worker_id FROM workers);
END;

-- ... until a worker of this id is there again. (An INSERT OR REPLACE under recursive_triggers comes by both.)
CREATE TRIGGER worker_added AFTER INSERT ON workers
BEGIN
    UPDATE workers
    SET heartbeat_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.heartbeat_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now'))
    WHERE worker_id = NEW.worker_id AND NEW.heartbeat_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.heartbeat_utc), 1721425.5));
    UPDATE task_queue SET lease_until_utc = NULL, lease_text = NULL
    WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND lease_boot_id IS NULL
          AND locked_by = NEW.worker_id AND lease_text = 'removed';
END;

-- Every event of the ledger is counted, whoever writes it; what is pruned stays counted.
CREATE TRIGGER ledger_counted AFTER INSERT ON rescue_ledger
BEGIN
    INSERT INTO counters (kind, key1, key2, n) VALUES (6, NEW.event, NEW.reason, 1)
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER log_time_in_form AFTER INSERT ON task_logs
WHEN NEW.at_utc IS NOT strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.at_utc), 1721425.5))
BEGIN
    UPDATE task_logs
    SET at_utc = coalesce(strftime('%Y-%m-%d %H:%M:%f', max(julianday(NEW.at_utc), 1721425.5)), strftime('%Y-%m-%d %H:%M:%f', 'now'))
    WHERE log_id = NEW.log_id;
END;
