"""Where a call comes from: only proxies that the operator names are believed, and only about their own peer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address

from kavach_core.errors import ConfigurationError
from kavach_core.policy.constraints import Address, Network, parse_network


def read_proxies(given: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks of proxies; raises `ConfigurationError` for what is neither."""
    found = []
    for text in given:
        try:
            found.append(parse_network(text))
        except ValueError as error:
            raise ConfigurationError(
                f"trusted proxies: {text!r} is neither an address nor a network such as 10.0.0.0/8"
            ) from error
    return tuple(found)


def client_address(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Return the address of the client, None where nobody who is believed says one.

    `peer` is the other end of the connection, and `forwarded` are the values of the headers X-Forwarded-For. Each proxy
    appends its peer on the right, so the list is read from there, as far as the proxies are trusted ones: what stands
    further left was sent by the client, who may write anything.
    """
    hops = [hop for value in forwarded for hop in value.split(",")]
    address = _read(peer or "")
    while address is not None and hops and any(address in network for network in trusted):
        address = _read(hops.pop())
    return None if address is None else str(address)


def _read(text: str) -> Address | None:
    """Return an address, without the port that some proxies add; an IPv6 one that stands for IPv4 counts as that."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
