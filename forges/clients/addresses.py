"""The addresses that a forge is asked at: on one host, and with the names in them quoted."""

import re
from urllib.parse import quote

import httpx

from forges.errors import NotFound, Refused, Unavailable
from forges.texts import storable


def api_address(api_url: str) -> str:
    """Return the API's address without a slash at its end. Raise Refused."""
    try:
        url = httpx.URL(api_url)
    except httpx.InvalidURL:
        raise Refused("The API address is no address.") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise Refused("The API address must start with https:// and name a host.")
    if url.userinfo or url.query or url.fragment:
        raise Refused("The API address must be without a user, a question mark and a hash.")
    return str(url).rstrip("/")


def names_in(path: str, *, exactly: int | None = None) -> list[str]:
    """Return the names in the path of a repository. Raise NotFound if it cannot be one."""
    names = path.split("/")
    if (exactly and len(names) != exactly) or any(name in {"", ".", ".."} for name in names):
        raise NotFound(f"{storable(path)[:100]!r} is not the path of a repository")
    return names


def segments(path: str, *, exactly: int | None = None) -> str:
    """Return the path of a repository quoted for an address. Raise NotFound if it cannot be one."""
    return "/".join(quote(name, safe="") for name in names_in(path, exactly=exactly))


def next_page(headers: httpx.Headers, url: str) -> str:
    """Return the address of the page after the one at `url`, "" if there is none.

    Forges name it in a Link header (RFC 8288); GitLab in X-Next-Page as well.
    """
    for part in headers.get("link", "").split(","):
        if found := re.fullmatch(r'\s*<([^>]*)>(?:;[^;]*)*;\s*rel="?next"?\s*(?:;.*)?', part):
            return found[1]
    number = headers.get("x-next-page", "").strip()
    return str(httpx.URL(url).copy_set_param("page", number)) if number.isdigit() else ""


def same_origin(target: str, address: str, what: str) -> httpx.URL:
    """Return `target`, which the forge at `address` gave. Raise Unavailable if it leads elsewhere.

    `what` says what the forge did with it.
    """
    try:
        url = httpx.URL(target)
    except httpx.InvalidURL:
        raise Unavailable(f"{what} to no address") from None
    base = httpx.URL(address)
    if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port) or url.userinfo:
        raise Unavailable(f"{what} to another host, {storable(url.host)[:100]!r}: not followed")
    return url
