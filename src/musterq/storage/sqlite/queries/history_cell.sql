-- The buckets that a row of the history has.
SELECT buckets FROM history WHERE span = ? AND by_type = ? AND what = ? AND at = ? AND type = ?
