"""Events and downloads, shown on a terminal."""
