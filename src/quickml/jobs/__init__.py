"""Jobs with their events and files, the queue, leases, and the tokens of owners."""
