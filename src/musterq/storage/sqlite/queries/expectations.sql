-- How many workers of which kinds are meant to be at work.
SELECT name, count, types, capabilities FROM worker_expectations ORDER BY name
