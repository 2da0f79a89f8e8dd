"""Addresses of streams in messages, and why a stream cannot be opened."""

from __future__ import annotations

import errno
import re
import socket
from urllib.parse import unquote, urlsplit

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av.error

SECRET = re.compile(r"(?i)([?&;][^=&;]*(?:pass|pwd|psw|user|usr|login|auth|token|key|secret|sig)[^=&;]*=)[^&;#]*")
"""A part of a query that may be a secret: its name, and its value."""

WITH_PASSWORD = "SCHEME://USER:PASSWORD@HOST/PATH"


def without_secrets(url: str) -> str:
    """Return an address without user name, password and other secrets, for messages."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + SECRET.sub(r"\1***", path)


def why_not(url: str, error: Exception, seconds: float) -> str:
    """Return why a stream cannot be opened and what to do next.

    Args:
        url: its address.
        error: PyAV's.
        seconds: the limit of waiting for an answer.
    """
    parts = urlsplit(without_secrets(url))
    host = parts.hostname or parts.netloc
    number = getattr(error, "errno", None)
    if isinstance(error, av.error.HTTPUnauthorizedError):
        if "@" in url.partition("://")[2].partition("/")[0]:
            return (
                "it does not accept this user name and password (401); check them, and write the characters "
                "@ : / ? # % in them as %40 %3A %2F %3F %23 %25"
            )
        return f"it asks for a user name and a password (401): {WITH_PASSWORD.replace('SCHEME', parts.scheme)}"
    if isinstance(error, av.error.HTTPForbiddenError):
        return "the server refuses it (403); its settings or another account may allow it"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "the server has nothing at this path (404); the camera's manual or its web page names the path"
    if isinstance(error, av.error.HTTPClientError):
        return "the server refuses the request (4xx); check the address in a browser"
    if isinstance(error, av.error.HTTPServerError):
        return "the server has failed (5xx); look at its own messages, or try again later"
    if number == errno.ECONNREFUSED:
        return f"{host} refuses connections to this port; check the port, and whether the server runs"
    if number in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return f"there is no route to {host}; check the address and the network"
    if isinstance(error, (av.error.ExitError, av.error.TimeoutError)):
        return f"{host} has not answered within {seconds:g} s; check the address, and whether the camera is switched on"
    if isinstance(error, av.error.ProtocolNotFoundError):
        return f"{parts.scheme}:// is not supported; give an http, https, rtsp, rtmp or srt address"
    if not _is_known(unquote(host)):
        return f"the name {host} is not known; check its spelling, or give the number of its address"
    if isinstance(error, av.error.InvalidDataError):
        return (
            "what it sends is no video that can be played as it arrives; give the address of the stream itself, not of "
            "its web page, and download a file first"
        )
    return f"{getattr(error, 'strerror', None) or error}; try the address in a browser or player"


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True
