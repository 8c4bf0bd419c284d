"""Which addresses may be connected to."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tasks.schemas import SourceLimits
from tasks.source.guard import is_public, is_reachable


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.88.99.1", "::", "::1",
        "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1",
        "2002:7f00:1::", "2002:808:808::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2001::1",
        "2001:db8::1", "100::1", "fe80::1%eth0",
    ],
)  # fmt: skip
def test_is_public_denies_whatever_can_lead_home(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "130.208.165.1", "2606:4700::1111", "2a00:1450:4009:80b::200e"])
def test_is_public_affirms_the_open_internet(address):
    assert is_public(ip_address(address))


def test_is_reachable_admits_a_network_that_the_limits_name_and_no_other():
    limits = SourceLimits(allowed_networks=("10.1.0.0/16", "fd12::/64"))
    assert is_reachable(ip_address("10.1.2.3"), limits=limits)
    assert is_reachable(ip_address("fd12::5"), limits=limits)
    assert not is_reachable(ip_address("10.2.0.1"), limits=limits)
    assert not is_reachable(ip_address("::ffff:10.1.2.3"), limits=limits)
    assert is_reachable(ip_address("10.2.0.1"), limits=SourceLimits(allow_private_addresses=True))
