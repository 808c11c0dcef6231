"""Messages that server and client exchange."""
