"""How an older store becomes one of today: Alembic's revisions, for the file and the server.

A new store is made from :mod:`geo_data.store.tables` and stamped with the newest revision; an
older one is brought there step by step. Both must end alike, which a test compares.
"""
