"""Real input, turned into events."""
