"""Where a webhook may go: public https addresses, looked up once and then held to.

A merchant chooses the address that our server calls, so it may be one inside our own house (server-side request
forgery). Every address that the name stands for must be public; the one that was looked at is the one that is called,
as a name can stand for another address a moment later; and no redirect is followed.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from wallet_site.errors import InvalidInput

PORTS: Final = frozenset({443, 8443})
LONGEST_URL: Final = 500
# They carry an IPv4 address inside, which may be any: NAT64 (RFC 6052, RFC 8215).
_CARRIERS: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class ForbiddenAddress(InvalidInput):
    """The address is not https, has a name or password in it, or does not lie on the public internet."""

    code = "webhook-address-forbidden"
    detail = _("A webhook needs an https address on the public internet, with port 443 or 8443.")


class NameUnknown(InvalidInput):
    """The host's name stands for no address now."""

    code = "webhook-host-unknown"
    detail = _("The host of this address cannot be found.")


@dataclass(frozen=True, slots=True)
class Target:
    """What to connect to (`address`), and as what (`host`, in certificate and Host header)."""

    host: str
    port: int
    address: str
    path: str

    @property
    def url(self) -> str:
        """By number, so that nothing looks the name up again."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{shown}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        """As the merchant's server expects it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == 443 else f"{shown}:{self.port}"


def target_of(url: str) -> Target:
    """Look the address up and judge it. Raises `ForbiddenAddress` and `NameUnknown`."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise ForbiddenAddress from error
    host = parts.hostname or ""
    plain = (
        url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= LONGEST_URL
    )
    if not plain or parts.scheme != "https" or not host or "@" in parts.netloc or parts.fragment:
        raise ForbiddenAddress
    if port not in PORTS:
        raise ForbiddenAddress
    found = _look_up(host, port)
    if not found:
        raise NameUnknown
    if not all(is_public(one) for one in found):
        raise ForbiddenAddress
    path = parts.path or "/"
    return Target(host, port, found[0], f"{path}?{parts.query}" if parts.query else path)


def is_public(address: str) -> bool:
    """Whether an address lies on the public internet: not ours, not this machine's, not one inside another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour is not None or ip.teredo is not None or any(ip in net for net in _CARRIERS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(where[4][0]) for where in found))
