-- Changes whenever anything is created, dropped or altered.
SELECT schema_version FROM pragma_schema_version
