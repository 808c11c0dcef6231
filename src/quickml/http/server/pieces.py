"""Sending a body that is in memory, without copying all of it for a client that is slow to receive it."""

from __future__ import annotations

from starlette.types import Send

PIECE_BYTES = 64 << 10


async def send_in_pieces(send: Send, body: bytes | memoryview) -> None:
    """Send a body; returns when all has left the process."""
    for start in range(0, len(body), PIECE_BYTES):
        piece = memoryview(body)[start : start + PIECE_BYTES]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
