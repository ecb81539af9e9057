"""Which pages and host names a browser's request may come from.

A browser lets any page send requests to any address that it can reach, this machine's own among
them. It names the page's origin (https://fetch.spec.whatwg.org/#origin-header) and how the page
relates to the address (https://www.w3.org/TR/fetch-metadata/); programs send neither. A page may
give its own name this machine's address (DNS rebinding); only the Host header shows that.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from functools import lru_cache

ANY = "*"
_OWN_SITES = (b"same-origin", b"none")


def is_foreign_page(headers: Mapping[bytes, bytes], method: str) -> bool:
    """True if a browser says that a page of another origin has sent the request.

    Following a link from such a page is no such request: the page cannot see the answer.
    """
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:
        link = headers.get(b"sec-fetch-mode") == b"navigate" and method in ("GET", "HEAD")
        return site not in _OWN_SITES and not link
    # An older browser, or a program.
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")


def is_allowed(origin: bytes | None, allowed: Collection[str]) -> bool:
    """True if pages of this origin may use the service."""
    return ANY in allowed or (origin is not None and origin.decode("latin-1") in allowed)


@lru_cache(maxsize=256)
def is_local_only(address: str) -> bool:
    """True if no other machine can reach what listens at an address.

    That is so for loopback addresses and for the path of a Unix socket. An empty address stands for
    all interfaces, and a name may stand for any address.
    """
    return is_loopback(address) or address.startswith("/")


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """True if an address is an IP address of this machine alone."""
    found = _parsed(address)
    return found is not None and (getattr(found, "ipv4_mapped", None) or found).is_loopback


@lru_cache(maxsize=256)
def host_name(header: bytes) -> str:
    """The name in a Host header, in lower case, without port, brackets and a final dot."""
    text = header.decode("latin-1").lower().strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].rstrip(".")


@lru_cache(maxsize=256)
def is_local_name(header: bytes) -> bool:
    """True for an IP address or localhost, which no stranger's DNS record can redirect here."""
    name = host_name(header)
    return name == "localhost" or name.endswith(".localhost") or _parsed(name) is not None


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that the text holds, or None."""
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
