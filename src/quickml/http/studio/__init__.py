"""The studio: the page of the server, as `web/` builds it, and how it is sent."""
