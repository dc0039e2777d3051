"""The verbs of the SQLite engine, by what they are about; what each promises stands in `musterq.storage.base`."""
