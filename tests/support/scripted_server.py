"""A real HTTP server on loopback that does what a test says, down to the byte, and keeps what it was asked."""

import socket
import struct
import threading
from contextlib import contextmanager, suppress

REASONS = {200: "OK", 202: "Accepted", 204: "No Content"}


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body


class ScriptedServer:
    """Each connection takes one request. `script(request)` gives the bytes to send; None breaks the connection."""

    def __init__(self, script, port=0, tls=None):
        self.script, self.requests, self.tls = script, [], tls
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with suppress(OSError), self._secured(connection) as secured:
                self._handle(secured)  # unless the client does not trust us

    def _secured(self, connection):
        return self.tls.wrap_socket(connection, server_side=True) if self.tls else connection

    def _handle(self, connection):
        stream = connection.makefile("rb")
        try:
            method, path, _ = stream.readline().decode().split()
            headers = {}
            while line := stream.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
        except (OSError, ValueError):
            return
        request = Request(method, path, headers, body)
        self.requests.append(request)
        answer = self.script(request)
        if answer is None:  # a reset, as of a server that is killed
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        try:
            connection.sendall(answer)
        except OSError:
            return  # the client has seen enough

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def start(self):
        self._thread.start()
        return self


@contextmanager
def scripted(script, **options):
    server = ScriptedServer(script, **options).start()
    try:
        yield server
    finally:
        server.close()


def answer(status=200, body=b"", kind="application/json", length=None, **headers):
    """An HTTP answer; `length` announces another one than the body has."""
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}",
        "Connection: close",
        f"Content-Type: {kind}",
    ]
    if length is not False:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def event_stream(body):
    """An answer that ends when the connection does, so that nobody can tell an end from a loss."""
    return answer(body=body, kind="text/event-stream; charset=utf-8", length=False)
