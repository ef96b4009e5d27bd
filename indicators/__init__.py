"""How the city is doing: indicators over the data, each with its formula and its basis."""
