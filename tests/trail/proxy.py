"""The proxy that writes down who asks what: `python -m tests.trail.proxy`.

Belongs here: forwarding each call as it is, and a line about it. What a call needs to be allowed
belongs in `authorisation`, who is who in `rig`. Each route is `PORT=UPSTREAM`.
"""

import argparse
import asyncio
import base64
import json
import re
import signal
from pathlib import Path
from typing import IO

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

_MOST_BYTES = 256 * 1024 * 1024
_SCOPE = re.compile(
    r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)
_NOT_FORWARDED = frozenset({"content-length", "transfer-encoding", "connection", "expect"})
_KEPT = frozenset({"content-type", "x-amz-target", "x-amz-copy-source"})
HEALTH = "/_trail/health"


class Trail:
    """The proxy.

    Args:
        routes: Where the calls of each port go.
        log: Gets a line of JSON for each.
    """

    def __init__(self, routes: dict[int, str], log: IO[str]) -> None:
        self._routes = routes
        self._log = log
        self._session: ClientSession | None = None

    async def open(self, _app: web.Application) -> None:
        """Opens the connections to AWS."""
        self._session = ClientSession(
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=120),
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
        )

    async def close(self, _app: web.Application) -> None:
        """Closes them."""
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        assert self._session is not None
        assert request.transport is not None
        body = await request.read()
        self._write(request, body)
        port = request.transport.get_extra_info("sockname")[1]
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_FORWARDED}
        url = f"{self._routes[port]}{request.rel_url.raw_path_qs}"
        async with self._session.request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as found:
            kept = {k: v for k, v in found.headers.items() if k.lower() not in _NOT_FORWARDED}
            content = await found.read()
        if request.method == "HEAD":
            kept["Content-Length"] = found.headers.get("Content-Length", "0")
        return web.Response(status=found.status, body=content, headers=kept)

    def _write(self, request: web.Request, body: bytes) -> None:
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        if scope is None:
            return  # nobody's: a health check
        entry = {
            **scope.groupdict(),
            "method": request.method,
            "path": request.rel_url.raw_path,
            "query": {name: request.query.getall(name) for name in request.query},
            "headers": {k.lower(): v for k, v in request.headers.items() if k.lower() in _KEPT},
            # What is put into S3 says nothing about who may.
            "body": "" if request.method == "PUT" else base64.b64encode(body).decode(),
        }
        self._log.write(json.dumps(entry) + "\n")


async def serve(routes: dict[int, str], path: Path) -> None:
    """Serves until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with path.open("a", buffering=1) as log:
        trail = Trail(routes, log)
        app = web.Application(client_max_size=_MOST_BYTES)
        app.on_startup.append(trail.open)
        app.on_cleanup.append(trail.close)
        app.router.add_get(HEALTH, lambda _: web.Response(text="trail"))
        app.router.add_route("*", "/{path:.*}", trail.forward)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        for port in routes:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        await stopped.wait()
        await runner.cleanup()


def main() -> None:
    """Serves what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("routes", nargs="+", help="PORT=UPSTREAM")
    arguments = parser.parse_args()
    pairs = [route.split("=", 1) for route in arguments.routes]
    asyncio.run(serve({int(port): upstream for port, upstream in pairs}, arguments.log))


if __name__ == "__main__":
    main()
