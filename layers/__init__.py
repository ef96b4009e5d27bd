"""How it is drawn: layers, colours, names, and the data as it travels to the map."""
