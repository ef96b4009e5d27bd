"""Files that never change under their address: compressed once, cached for good.

The browser keeps them by their hashed or dated address; the process keeps them compressed, so
that two hundred walls after a power cut cost two hundred copies and not two hundred
compressions.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from functools import cache

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from layers import runtime

FOREVER = "public, max-age=31536000, immutable"
KEPT_BYTES = 64 << 20
COMPRESSIBLE = ("javascript", "css", "json", "svg", "octet-stream", "html")


class CompressedStatic:
    """ASGI middleware: answers of immutable addresses, compressed once per process.

    Parameters
    ----------
    app : ASGI application
        Answers the first request of each address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, str], tuple[Message, bytes]] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not is_immutable(scope):
            await self._app(scope, receive, send)
            return
        encoding = _encoding(Headers(scope=scope).get("accept-encoding", ""))
        key = (f"{scope['path']}?{scope['query_string'].decode()}", encoding)
        if key not in self._kept:
            start, body = await self._answer(scope, receive)
            if start["status"] != 200:
                await _send(send, start, body)
                return
            self._keep(key, *_compress(start, body, encoding))
        self._kept.move_to_end(key)
        await _send(send, *self._kept[key])

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        await self._app(scope, receive, hear)
        return heard[0], b"".join(message.get("body", b"") for message in heard[1:])

    def _keep(self, key: tuple[str, str], start: Message, body: bytes) -> None:
        self._kept[key] = (start, body)
        self._bytes += len(body)
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= len(dropped)


def is_immutable(scope: Scope) -> bool:
    """Whether what stands at this address will never be anything else."""
    path: str = scope["path"]
    query: str = scope["query_string"].decode()
    if "/_dash-component-suites/" in path:
        return True
    if path.startswith("/static/"):
        return True
    if "/assets/" in path:
        return query.startswith("m=")
    return path.startswith("/data/") and "v=" in query


def _encoding(accepted: str) -> str:
    if "br" in accepted:
        return "br"
    return "gzip" if "gzip" in accepted else "identity"


def _compress(start: Message, body: bytes, encoding: str) -> tuple[Message, bytes]:
    headers = MutableHeaders(raw=[pair for pair in start["headers"] if pair[0] != b"etag"])
    headers["cache-control"] = FOREVER
    headers["vary"] = "accept-encoding"
    plain = "content-encoding" not in headers and any(
        word in headers.get("content-type", "") for word in COMPRESSIBLE
    )
    if plain and encoding == "br":
        body = brotli.compress(body, quality=9)
        headers["content-encoding"] = "br"
    elif plain and encoding == "gzip":
        body = gzip.compress(body, compresslevel=6)
        headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(body))
    return {**start, "headers": headers.raw}, body


async def _send(send: Send, start: Message, body: bytes) -> None:
    await send(start)
    await send({"type": "http.response.body", "body": body})


@cache
def deck_bundle() -> tuple[str, bytes]:
    """Return address and text of the map runtime."""
    text = runtime.script()
    return f"/static/deck.{hashlib.sha256(text).hexdigest()[:12]}.js", text
