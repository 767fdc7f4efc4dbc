"""The addresses of this machine."""

import socket

import psutil

LOCAL = ("127.0.0.1", "localhost", "::1")  # nobody else reaches them
EVERYWHERE = ("0.0.0.0", "::")  # a server that listens there answers at all addresses of the machine


def machine_addresses() -> list[str]:
    """Its addresses in IPv4 networks, the local ones left out."""
    known = (each.address for all_ in psutil.net_if_addrs().values() for each in all_ if each.family == socket.AF_INET)
    return [address for address in known if not address.startswith("127.")]
