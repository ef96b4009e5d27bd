"""Early warning on the desk: worked out beside the pages, by a process of its own."""
