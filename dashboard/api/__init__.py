"""What other programs and the map ask for."""
