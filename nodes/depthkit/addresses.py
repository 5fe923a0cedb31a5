"""Which hosts and IP addresses lie in the public internet."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

__all__ = ["Resolve", "is_literal", "is_loopback", "is_public", "leads_outside"]

Resolve = Callable[[str], list[str]]
# Proxy tools (Clash, Surge, sing-box) answer for every name with an address of this range and open
# the real connection themselves; without it, their users could not fetch what they paid for. It is
# set aside for bench tests of network gear: no router, no cloud's metadata, no server of a home or
# an office lives there. And the name shows its own certificate all the same.
_STAND_INS = ipaddress.ip_network("198.18.0.0/15")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def leads_outside(host: str, lookup: Resolve) -> bool:
    """Whether every address of a host is public; False where it has none."""
    found = lookup(host)
    return bool(found) and all(is_public(address) for address in found)


def is_public(address: str) -> bool:
    """Whether an IP address can be a server of the internet, also when wrapped into IPv6."""
    try:
        ip = _unwrapped(ipaddress.ip_address(address.split("%")[0]))
    except ValueError:
        return False
    return (ip.is_global and not ip.is_multicast) or ip in _STAND_INS


def _unwrapped(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def is_literal(host: str) -> bool:
    """Whether the name of a host is an IP address in any of its spellings."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # 127.1 and 0x7f000001 are addresses, too.
        return host.replace(".", "").isdigit() or host.startswith("0x")
    return True


def is_loopback(host: str | None) -> bool:
    """`localhost`, or an IP address of this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
