-- Changes how long rows of one kind are kept, and how many.
INSERT INTO retention (status, max_age_seconds, max_count) VALUES (:status, :max_age, :max_count)
ON CONFLICT (status) DO UPDATE SET max_age_seconds = excluded.max_age_seconds, max_count = excluded.max_count
