-- How long finished rows are kept, and how many.
SELECT status, max_age_seconds, max_count FROM retention ORDER BY status
