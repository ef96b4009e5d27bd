"""Small drawings and wordings; pure."""
