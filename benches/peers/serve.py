"""Serves the bench's two tools as a peer does: `serve.py sdk|fastmcp PORT`.

As fast as the peer's own settings allow: no sessions, JSON answers, no access log, uvloop and
httptools, which uvicorn takes by itself when they are installed.
"""

import sys

import uvicorn


def echo(text: str) -> str:
    """Says what it was told."""
    return text


def total(values: dict[str, int]) -> int:
    """Adds the values up."""
    return sum(values.values())


def with_sdk():
    from mcp.server import MCPServer

    server = MCPServer("bench", log_level="ERROR")
    for function in (echo, total):
        server.tool()(function)
    return server.streamable_http_app(json_response=True, stateless_http=True)


def with_fastmcp():
    from fastmcp import FastMCP

    server = FastMCP("bench")
    for function in (echo, total):
        server.tool(function)
    return server.http_app(path="/mcp", json_response=True, stateless_http=True)


if __name__ == "__main__":
    peer, port = sys.argv[1:]
    app = {"sdk": with_sdk, "fastmcp": with_fastmcp}[peer]()
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", access_log=False)
