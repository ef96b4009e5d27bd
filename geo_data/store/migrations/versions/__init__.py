"""One module a revision, ``schema_<number>``; a revision that was published never changes."""
