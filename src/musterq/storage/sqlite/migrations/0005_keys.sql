-- Limits: concurrency keys, whose places are given by triggers, and what a claim must hear of limits by type.
--
-- A task has a place of its key while it is processing, or queued with held = 0. One that becomes queued while every
-- place is taken is held = 1, outside the indexes that claims read; when a place comes free, the most urgent held one
-- gets it (by priority, then by id). How many places a key has, its newest task says. So there is never a held task of
-- a key with a free place, and none that is not queued. Of a task without a key, triggers leave `held` alone.

CREATE INDEX task_by_key ON task_queue (concurrency_key, status, priority) WHERE concurrency_key IS NOT NULL AND held = 0;
CREATE INDEX task_newest_of_key ON task_queue (concurrency_key) WHERE concurrency_key IS NOT NULL;

-- Views that are written to as one calls a procedure; they hold nothing. What is looked at for each move of any task is
-- a short trigger that writes to one of them, since a long one costs time also where its WHEN says no.

CREATE VIEW key_moves (concurrency_key) AS SELECT NULL WHERE 0;

-- Gives the free places of a key. Where none is free, the least urgent task that waits in one makes room for a more
-- urgent one that is held.
CREATE TRIGGER key_moved INSTEAD OF INSERT ON key_moves
WHEN EXISTS (SELECT 1 FROM task_queue WHERE status = 'queued' AND held = 1 AND concurrency_key = NEW.concurrency_key)
BEGIN
    UPDATE task_queue SET held = 1
    WHERE id = (SELECT id FROM task_queue
                WHERE concurrency_key = NEW.concurrency_key AND status = 'queued' AND held = 0
                ORDER BY priority DESC, id DESC LIMIT 1)
          AND priority > (SELECT priority FROM task_queue
                          WHERE status = 'queued' AND held = 1 AND concurrency_key = NEW.concurrency_key
                          ORDER BY priority, id LIMIT 1);
    UPDATE task_queue SET held = 0
    WHERE id IN (
        SELECT id FROM task_queue
        WHERE status = 'queued' AND held = 1 AND concurrency_key = NEW.concurrency_key
        ORDER BY priority, id
        LIMIT max(0,
            max(1, CAST(coalesce((SELECT concurrency_limit FROM task_queue WHERE concurrency_key = NEW.concurrency_key
                                  ORDER BY id DESC LIMIT 1), 1) AS INTEGER))
            - (SELECT count(*) FROM task_queue
               WHERE concurrency_key = NEW.concurrency_key AND held = 0 AND status IN ('queued', 'processing'))));
END;

CREATE VIEW key_entries (id, concurrency_key) AS SELECT NULL, NULL WHERE 0;

-- A task that became queued waits behind the held ones, or gets a place.
CREATE TRIGGER key_entered INSTEAD OF INSERT ON key_entries
BEGIN
    UPDATE task_queue SET held = 1
    WHERE id = NEW.id AND status = 'queued' AND held = 0 AND (
        EXISTS (SELECT 1 FROM task_queue
                WHERE status = 'queued' AND held = 1 AND concurrency_key = NEW.concurrency_key)
        OR (SELECT count(*) FROM task_queue
            WHERE concurrency_key = NEW.concurrency_key AND held = 0 AND status IN ('queued', 'processing'))
           > max(1, CAST(coalesce((SELECT concurrency_limit FROM task_queue WHERE concurrency_key = NEW.concurrency_key
                                   ORDER BY id DESC LIMIT 1), 1) AS INTEGER)));
    INSERT INTO key_moves (concurrency_key) VALUES (NEW.concurrency_key);
END;

CREATE TRIGGER task_with_key AFTER INSERT ON task_queue
WHEN NEW.concurrency_key IS NOT NULL AND NEW.lane_id IS NOT NULL
BEGIN
    INSERT INTO key_entries (id, concurrency_key) VALUES (NEW.id, NEW.concurrency_key);
END;

CREATE VIEW key_changes (id, concurrency_key, old_key, enters) AS SELECT NULL, NULL, NULL, NULL WHERE 0;

-- Any change that can take, free or add a place. Words of the older layout are looked at once they have been translated.
CREATE TRIGGER task_with_key_moved
AFTER UPDATE OF id, status, priority, lane_id, concurrency_key, concurrency_limit ON task_queue
WHEN (NEW.concurrency_key IS NOT NULL OR OLD.concurrency_key IS NOT NULL)
     AND NEW.status NOT IN ('leased', 'dead_letter')
     AND (NEW.status IS NOT OLD.status OR NEW.priority IS NOT OLD.priority OR NEW.id IS NOT OLD.id
          OR NEW.concurrency_key IS NOT OLD.concurrency_key OR NEW.concurrency_limit IS NOT OLD.concurrency_limit
          OR OLD.lane_id IS NULL)
BEGIN
    INSERT INTO key_changes (id, concurrency_key, old_key, enters)
    VALUES (NEW.id, NEW.concurrency_key, OLD.concurrency_key,
            NEW.concurrency_key IS NOT NULL AND NEW.status = 'queued'
            AND (OLD.lane_id IS NULL OR OLD.status NOT IN ('queued', 'processing')
                 OR NEW.concurrency_key IS NOT OLD.concurrency_key));
END;

CREATE TRIGGER key_changes_apply INSTEAD OF INSERT ON key_changes
BEGIN
    UPDATE task_queue SET held = 0
    WHERE id = NEW.id AND held = 1 AND (status <> 'queued' OR concurrency_key IS NULL);
    INSERT INTO key_entries (id, concurrency_key) SELECT NEW.id, NEW.concurrency_key WHERE NEW.enters;
    INSERT INTO key_moves (concurrency_key)
    SELECT NEW.concurrency_key WHERE NEW.concurrency_key IS NOT NULL
    UNION SELECT NEW.old_key WHERE NEW.old_key IS NOT NULL;
END;

CREATE TRIGGER task_with_key_deleted AFTER DELETE ON task_queue
WHEN OLD.concurrency_key IS NOT NULL
BEGIN
    INSERT INTO key_moves (concurrency_key) VALUES (OLD.concurrency_key);
END;

-- Limits by type: a worker keeps which of its lanes are limited until the generation changes; the figures are read at
-- each claim.

CREATE TRIGGER type_limited AFTER INSERT ON type_limits
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

CREATE TRIGGER type_limit_moved AFTER UPDATE OF type ON type_limits
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

CREATE TRIGGER type_unlimited AFTER DELETE ON type_limits
BEGIN
    UPDATE musterq_meta SET value = random() WHERE name = 'lane_generation';
END;

CREATE VIEW unused_tokens (type) AS SELECT NULL WHERE 0;

-- A task that was claimed ahead and given back before it was started has used no token.
CREATE TRIGGER task_gives_token_back AFTER UPDATE OF status ON task_queue
WHEN OLD.status = 'processing' AND NEW.status IN ('queued', 'cancelled') AND OLD.processing_started_utc IS NULL
BEGIN
    INSERT INTO unused_tokens (type) VALUES (OLD.type);
END;

CREATE TRIGGER unused_tokens_apply INSTEAD OF INSERT ON unused_tokens
BEGIN
    UPDATE type_limits SET tokens = min(tokens + 1, rate_count) WHERE type = NEW.type AND rate_count IS NOT NULL;
END;
