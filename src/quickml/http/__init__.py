"""The service over HTTP: routes, problem documents, event streams. The use cases are in `quickml.service`."""
