"""Computes with network addresses, without a network."""
# arguments: {"network": "10.1.2.0/29"}
# value: {"hosts": ["10.1.2.1", "10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"], "halves": ["10.1.2.0/30", "10.1.2.4/30"], "inside": true, "short": "2001:db8::1", "private": true}

import ipaddress
from typing import Any

from luthier import tool


@tool
def run(network: str) -> dict[str, Any]:
    """Hosts, halves, and whether an address is inside."""
    net = ipaddress.ip_network(network)
    return {
        "hosts": [str(host) for host in net.hosts()],
        "halves": [str(half) for half in net.subnets()],
        "inside": ipaddress.ip_address("10.1.2.7") in net,
        "short": ipaddress.ip_address("2001:0db8:0000::0001").compressed,
        "private": net.is_private,
    }
