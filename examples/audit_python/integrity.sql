-- What SQLite has to say against its file: "ok", if nothing.
SELECT integrity_check FROM pragma_integrity_check;
