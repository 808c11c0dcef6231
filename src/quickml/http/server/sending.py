"""Middleware that sends large responses in pieces, and limits the memory that those of one owner take.

A client may be slow to receive a response, or not receive it at all.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quickml.errors import ShareError
from quickml.http import problems
from quickml.http.server.pieces import PIECE_BYTES, send_in_pieces
from quickml.http.shares import Shares
from quickml.http.state import owner_in


class Sending:
    """Plain ASGI, since every event of every stream passes through."""

    def __init__(self, app: ASGIApp, *, memory: Shares) -> None:
        self._app, self._memory = app, memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        start: Message | None = None
        is_refused = False

        async def sent(message: Message) -> None:
            nonlocal start, is_refused
            if message["type"] == "http.response.start":
                start = message  # kept until it is known whether the response may be sent
                return
            if is_refused:
                return
            first, start = start, None
            body = message.get("body", b"")
            if first is None or len(body) <= PIECE_BYTES or message.get("more_body", False):
                if first is not None:
                    await send(first)
                await send(message)
                return
            try:
                with self._memory.held(owner_in(scope), len(body)):
                    await send(first)
                    await send_in_pieces(send, body)
            except ShareError as error:
                is_refused = True
                await problems.answer(error)(scope, receive, send)

        await self._app(scope, receive, sent)
