"""What is sent of a file: its text in the form that is asked for, and compressed."""

import gzip
import hashlib
from collections.abc import Callable
from functools import cache

import brotli
from rcssmin import cssmin
from rjsmin import jsmin

from hitl_project.assets import modules, sheets
from hitl_project.assets.sources import sources

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.compress,  # at its best, which is the default
    "gzip": gzip.compress,
    "": bytes,
}


@cache
def content(name: str, joined: bool) -> bytes:
    """Return a file without comments and white space; those of other projects stay as they are."""
    if "/vendor/" in name:
        return sources()[name].encode()
    if name.endswith(".css"):
        return str(cssmin(sheets.joined(name) if joined else sources()[name])).encode()
    return str(jsmin(modules.joined(name) if joined else sources()[name])).encode()


@cache
def encoded(name: str, joined: bool, encoding: str) -> bytes:
    return ENCODERS[encoding](content(name, joined))


@cache
def digest(name: str, joined: bool) -> str:
    return hashlib.sha256(content(name, joined)).hexdigest()[:12]
