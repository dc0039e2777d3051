-- The parts of chains and groups: whoever ends a task, what waits for it starts, is cancelled, or waits again.
--
-- `next_id` names what follows a part: a task, or a whole group by its id, which is the id of its first part. `awaits` of
-- a follower is the number of rows before it that are not completed. While it is above 0, the follower is scheduled for a
-- moment that never comes, and no statement can make it queued.

CREATE VIEW stopped_parts (next_id, reason, at_utc) AS SELECT NULL, NULL, NULL WHERE 0;

-- All that waits below is cancelled in one statement, since triggers do not fire themselves again. `following` holds each
-- task or group once, however many parts it follows.
CREATE TRIGGER followers_stop INSTEAD OF INSERT ON stopped_parts
BEGIN
    UPDATE task_queue
    SET status = 'cancelled', finished_at_utc = NEW.at_utc, updated_at_utc = NEW.at_utc,
        error_message = CASE WHEN id = NEW.next_id OR group_id = NEW.next_id THEN NEW.reason
                             ELSE 'not started' || substr(NEW.reason, instr(NEW.reason, ': ')) END
    WHERE id IN (
        WITH RECURSIVE following (next_id) AS (
            SELECT NEW.next_id
            UNION
            SELECT task.next_id
            FROM following CROSS JOIN task_queue AS task
                ON task.id = following.next_id OR task.group_id = following.next_id
            WHERE task.status = 'scheduled' AND task.awaits > 0 AND task.next_id IS NOT NULL
        )
        SELECT task.id
        FROM following CROSS JOIN task_queue AS task
            ON task.id = following.next_id OR task.group_id = following.next_id
        WHERE task.status = 'scheduled' AND task.awaits > 0
    );
END;

CREATE VIEW resumed_parts (next_id) AS SELECT NULL WHERE 0;

-- What was cancelled because of a part waits again, unless another part before it has stopped, too.
CREATE TRIGGER followers_resume INSTEAD OF INSERT ON resumed_parts
BEGIN
    UPDATE task_queue
    SET status = 'scheduled', run_after_utc = '9999-12-31 23:59:59.999', error_message = NULL, finished_at_utc = NULL,
        updated_at_utc = strftime('%Y-%m-%d %H:%M:%f', 'now')
    WHERE id IN (
        WITH RECURSIVE following (next_id) AS (
            SELECT NEW.next_id
            WHERE NOT EXISTS (SELECT 1 FROM task_queue WHERE next_id = NEW.next_id AND status IN ('failed', 'cancelled'))
            UNION
            SELECT task.next_id
            FROM following CROSS JOIN task_queue AS task
                ON task.id = following.next_id OR task.group_id = following.next_id
            WHERE task.status = 'cancelled' AND task.error_message GLOB 'not started: *' AND task.next_id IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM task_queue AS part
                                  WHERE part.next_id = following.next_id
                                        AND (part.status = 'failed' OR part.status = 'cancelled'
                                             AND ifnull(part.error_message, '') NOT GLOB 'not started: *'))
        )
        SELECT task.id
        FROM following CROSS JOIN task_queue AS task
            ON task.id = following.next_id OR task.group_id = following.next_id
        WHERE task.status = 'cancelled' AND task.error_message GLOB 'not started: *'
              AND NOT EXISTS (SELECT 1 FROM task_queue AS part
                              WHERE part.next_id = following.next_id
                                    AND (part.status = 'failed' OR part.status = 'cancelled'
                                         AND ifnull(part.error_message, '') NOT GLOB 'not started: *'))
    );
END;

-- Two of the triggers below are looked at for each move of any task. What they do is written to views, as one calls a
-- procedure, since a long trigger costs time also where its WHEN says no.

CREATE VIEW part_moves (id, type, old_status, status, old_next_id, next_id, at_utc)
AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE 0;

-- A part has ended, is to run again, or is followed by another task than before.
CREATE TRIGGER part_moved AFTER UPDATE OF status, next_id ON task_queue
WHEN (NEW.next_id IS NOT NULL OR OLD.next_id IS NOT NULL)
     AND (NEW.next_id IS NOT OLD.next_id
          OR (NEW.status = 'completed') <> (OLD.status = 'completed')
          OR (NEW.status IN ('failed', 'cancelled')) <> (OLD.status IN ('failed', 'cancelled')))
BEGIN
    INSERT INTO part_moves (id, type, old_status, status, old_next_id, next_id, at_utc)
    VALUES (NEW.id, NEW.type, OLD.status, NEW.status, OLD.next_id, NEW.next_id,
            coalesce(NEW.finished_at_utc, strftime('%Y-%m-%d %H:%M:%f', 'now')));
END;

CREATE TRIGGER part_moves_apply INSTEAD OF INSERT ON part_moves
BEGIN
    INSERT INTO resumed_parts (next_id)
    SELECT next_id FROM task_queue
    WHERE id = NEW.id AND status NOT IN ('failed', 'cancelled') AND NEW.old_status IN ('failed', 'cancelled');
    UPDATE task_queue SET awaits = awaits - 1
    WHERE (id = NEW.old_next_id OR group_id = NEW.old_next_id) AND awaits > 0
          AND NEW.old_status <> 'completed' AND (NEW.status = 'completed' OR NEW.next_id IS NOT NEW.old_next_id);
    UPDATE task_queue SET awaits = awaits + 1
    WHERE (id = NEW.next_id OR group_id = NEW.next_id) AND awaits IS NOT NULL
          AND NEW.status <> 'completed' AND (NEW.old_status = 'completed' OR NEW.next_id IS NOT NEW.old_next_id);
    UPDATE task_queue
    SET status = 'queued', late = 1, run_after_utc = min(created_at_utc, strftime('%Y-%m-%d %H:%M:%f', 'now')),
        due_at_utc = NEW.at_utc, updated_at_utc = NEW.at_utc
    WHERE (id = NEW.old_next_id OR group_id = NEW.old_next_id) AND awaits = 0
          AND status = 'scheduled' AND +run_after_utc = '9999-12-31 23:59:59.999';  -- + : all that wait share that moment
    INSERT INTO stopped_parts (next_id, reason, at_utc)
    SELECT NEW.next_id,
           'not started: task ' || NEW.id || ' (' || NEW.type || '), which it waits for, '
           || CASE NEW.status WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END,
           NEW.at_utc
    WHERE NEW.status IN ('failed', 'cancelled');
END;

CREATE TRIGGER part_added AFTER INSERT ON task_queue
WHEN NEW.next_id IS NOT NULL AND NEW.status <> 'completed'
BEGIN
    INSERT INTO part_moves (id, type, status, next_id, at_utc)
    VALUES (NEW.id, NEW.type, NEW.status, NEW.next_id, strftime('%Y-%m-%d %H:%M:%f', 'now'));
END;

-- A part that goes before it is completed will never be: what follows it comes back by its own retry only. The view is
-- written to for what a replacement took away, too.
CREATE VIEW part_deletions (id, type, next_id) AS SELECT NULL, NULL, NULL WHERE 0;

CREATE TRIGGER part_gone INSTEAD OF INSERT ON part_deletions
BEGIN
    INSERT INTO stopped_parts (next_id, reason, at_utc)
    VALUES (NEW.next_id, 'cannot start: task ' || NEW.id || ' (' || NEW.type || '), which it waits for, was deleted',
            strftime('%Y-%m-%d %H:%M:%f', 'now'));
    UPDATE task_queue SET awaits = awaits - 1 WHERE (id = NEW.next_id OR group_id = NEW.next_id) AND awaits > 0;
END;

CREATE TRIGGER part_deleted AFTER DELETE ON task_queue
WHEN OLD.next_id IS NOT NULL AND OLD.status <> 'completed'
BEGIN
    INSERT INTO part_deletions (id, type, next_id) VALUES (OLD.id, OLD.type, OLD.next_id);
END;

CREATE VIEW follower_moves (id, type, status, group_id, at_utc) AS SELECT NULL, NULL, NULL, NULL, NULL WHERE 0;

-- What waits for others does so whatever a retry, a release or plain SQL makes of it.
CREATE TRIGGER follower_waits AFTER UPDATE OF status, awaits, run_after_utc ON task_queue
WHEN NEW.awaits > 0
     AND (NEW.status = 'queued' OR (NEW.status = 'scheduled' AND NEW.run_after_utc <> '9999-12-31 23:59:59.999'))
BEGIN
    INSERT INTO follower_moves (id, type, status, group_id, at_utc)
    VALUES (NEW.id, NEW.type, NEW.status, NEW.group_id, NEW.updated_at_utc);
END;

CREATE TRIGGER follower_moves_apply INSTEAD OF INSERT ON follower_moves
BEGIN
    -- The count that is left may not have been entered yet: which trigger of a statement is first is not defined.
    INSERT INTO counters (kind, key1, key2, n) VALUES (3, NEW.type, NEW.status, 0)
    ON CONFLICT (kind, key1, key2) DO UPDATE SET n = n;
    UPDATE task_queue
    SET status = 'cancelled', finished_at_utc = NEW.at_utc,
        error_message = (
            SELECT 'not started: task ' || id || ' (' || type || '), which it waits for, '
                   || CASE status WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END
            FROM task_queue WHERE next_id IN (NEW.id, NEW.group_id) AND status IN ('failed', 'cancelled') LIMIT 1)
    WHERE id = NEW.id
          AND EXISTS (SELECT 1 FROM task_queue
                      WHERE next_id IN (NEW.id, NEW.group_id) AND status IN ('failed', 'cancelled'));
    INSERT INTO stopped_parts (next_id, reason, at_utc)  -- part_moved may be what has led to here, and then says nothing
    SELECT next_id, error_message, finished_at_utc FROM task_queue
    WHERE id = NEW.id AND status = 'cancelled' AND next_id IS NOT NULL;
    UPDATE task_queue SET status = 'scheduled', run_after_utc = '9999-12-31 23:59:59.999'
    WHERE id = NEW.id AND status IN ('queued', 'scheduled');
END;
