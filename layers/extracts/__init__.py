"""What the layers of a view hold, as tables: the same queries, scope and masks as the screen."""

from layers.extracts.cover import cover_of, filters_said
from layers.extracts.tables import asked_layers, checked_request, tables_of

__all__ = ["asked_layers", "checked_request", "cover_of", "filters_said", "tables_of"]
