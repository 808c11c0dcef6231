"""The service over HTTP: routes, problem documents, event streams, files."""
