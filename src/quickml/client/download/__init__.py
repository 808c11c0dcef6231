"""Downloads: resumed, verified, repaired."""
