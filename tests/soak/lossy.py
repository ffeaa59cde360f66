"""The proxy that does what it is asked and does not say so: `python -m tests.soak.lossy`.

Belongs here: what microburst cannot do. An answer is lost: the call is forwarded, its answer read
to the end, and the connection cut, as by a crash between a write and the next one. A call is half
done (`halves`). Everything that is refused as a whole belongs to microburst, to which this talks.

`POST /_lossy/odds` takes `{"dynamodb": {"lost": 0.1, "half": 0.3}}`, `GET /_lossy/counts` says what
was done.
"""

import argparse
import random
import re
from collections import Counter

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from tests.soak.half_publish import halve_publish
from tests.soak.halves import Half, halve

_MOST_BYTES = 32 * 1024 * 1024
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
_ACTION = re.compile(rb"Action=(\w+)")
_NOT_FORWARDED = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect"})
_JSON = "application/x-amz-json-1.1"
_OF_THE_BODY = frozenset({"content-length", "x-amz-crc32"})  # wrong once the body is another


class Lossy:
    """The proxy.

    Args:
        upstream: Where calls are forwarded to.
        rnd: What decides.
    """

    def __init__(self, upstream: str, rnd: random.Random) -> None:
        self._upstream = upstream
        self._rnd = rnd
        self._odds: dict[str, dict[str, float]] = {}
        self._counts: Counter[str] = Counter()
        self._session: ClientSession | None = None

    async def odds(self, request: web.Request) -> web.Response:
        """Sets how likely each fault is, by service."""
        self._odds = await request.json()
        return web.json_response(self._odds)

    async def counts(self, _request: web.Request) -> web.Response:
        """What was done so far."""
        return web.json_response({"counts": self._counts})

    async def open(self, _app: web.Application) -> None:
        """Opens the connections to AWS."""
        connector = TCPConnector(limit=0)
        timeout = ClientTimeout(total=120)
        self._session = ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False, cookie_jar=None
        )

    async def close(self, _app: web.Application) -> None:
        """Closes them."""
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        body = await request.read()
        service, operation = name_of(request, body)
        odds = self._odds.get(service, {})
        chance = odds.get("half", 0)
        half = halve(operation, body, chance, self._rnd)
        if service == "sns":
            half = halve_publish(body, chance, self._rnd)
        if half is None:
            answer = await self._call(request, body)
        else:
            self._counts[f"half {service} {operation}"] += 1
            self._counts[f"refused {service} entries"] += half.refused
            answer = await self._half_done(request, half)
        is_write = request.method != "GET" and not operation.startswith("BatchGet")
        if is_write and answer.status == 200 and self._rnd.random() < odds.get("lost", 0):
            self._counts[f"lost {service} {operation}"] += 1
            if request.transport is not None:
                request.transport.abort()
        return answer

    async def _half_done(self, request: web.Request, half: Half) -> web.Response:
        if half.body is None:
            kind = "text/xml" if request.content_type.endswith("form-urlencoded") else _JSON
            return web.Response(body=half.whole(b""), content_type=kind)
        answer = await self._call(request, half.body)
        if answer.status != 200:
            return answer
        assert isinstance(answer.body, bytes)
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in _OF_THE_BODY}
        return web.Response(body=half.whole(answer.body), headers=headers)

    async def _call(self, request: web.Request, body: bytes) -> web.Response:
        assert self._session is not None
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_FORWARDED}
        url = f"{self._upstream}{request.rel_url.raw_path_qs}"
        try:
            async with self._session.request(
                request.method, url, data=body, headers=headers, allow_redirects=False
            ) as found:
                kept = {k: v for k, v in found.headers.items() if k.lower() not in _NOT_FORWARDED}
                return web.Response(status=found.status, body=await found.read(), headers=kept)
        except (ClientError, TimeoutError):  # microburst has reset the connection
            self._counts["passed on resets"] += 1
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)


def name_of(request: web.Request, body: bytes) -> tuple[str, str]:
    """The service and the operation of a call, or its HTTP method."""
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    service = scope["service"] if scope else ""
    if target := request.headers.get("X-Amz-Target"):
        return service, target.rpartition(".")[2]
    action = _ACTION.match(body) if service == "sns" else None
    return service, action[1].decode() if action else request.method


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    proxy = Lossy(arguments.upstream, random.Random(arguments.seed))
    app = web.Application(client_max_size=_MOST_BYTES)
    app.on_startup.append(proxy.open)
    app.on_cleanup.append(proxy.close)
    app.router.add_post("/_lossy/odds", proxy.odds)
    app.router.add_get("/_lossy/counts", proxy.counts)
    app.router.add_route("*", "/{path:.*}", proxy.forward)
    web.run_app(app, host="127.0.0.1", port=arguments.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
