"""Files as answers to requests."""
