"""The verbs of a queue, by what they are about; `musterq.storage.base` has them all, and says what all promise."""
