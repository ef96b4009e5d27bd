"""Pages: composition of panels only."""
