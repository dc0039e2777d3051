-- Tasks of a stretch that are said to wait for another number of parts than there are before them.
SELECT id, awaits, there
FROM (
    SELECT id, awaits, (SELECT count(*) FROM task_queue AS part
                        WHERE part.next_id IN (follower.id, follower.group_id) AND part.status <> 'completed') AS there
    FROM task_queue AS follower WHERE id > :after AND id <= :upto AND awaits IS NOT NULL
)
WHERE awaits <> there
