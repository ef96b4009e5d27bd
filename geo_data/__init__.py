"""What is known: the city, its store, its changes."""
