-- Whether somebody has looked in this minute how the queue is.
SELECT EXISTS (
    SELECT 1 FROM history WHERE span = 'minute' AND by_type = 0 AND what = 'depth' AND at = :minute AND type = ''
)
