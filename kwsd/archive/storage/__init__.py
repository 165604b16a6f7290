"""Storage of an index's files: a local folder or an object store, and the writer lock."""
