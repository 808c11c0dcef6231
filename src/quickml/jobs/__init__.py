"""Who asked for what, and where it stands: jobs, their events and files, and the tokens of their owners."""
