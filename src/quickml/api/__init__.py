"""What server and client say to each other over HTTP: addresses, and messages as JSON.

A client ignores fields that only a newer server knows.
"""
