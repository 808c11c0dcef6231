"""uvicorn and everything between a connection and the application."""
