"""What limits count as one address."""

import ipaddress

IPV6_PREFIX = 64
"""What one customer of a provider gets of IPv6; they are one address here."""


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
