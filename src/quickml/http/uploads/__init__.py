"""Resumable uploads: what two protocols ask for and answer, and receiving the bytes."""
