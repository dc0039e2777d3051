-- Drops some of the rows of a span that are too old, of one thing that happened.
DELETE FROM history
WHERE (span, by_type, what, at, type) IN (
    SELECT span, by_type, what, at, type FROM history
    WHERE span = :span AND by_type = :by_type AND what = :what AND at < :before
    LIMIT :limit
)
