"""Values of attributes: what libvirt reads as a number or an address, and what is not known."""

from __future__ import annotations

import pytest
from lxml import etree

from domlint.domain.values import UNKNOWN, attribute, c_integer, child, child_attribute, decimal, mac_number


@pytest.mark.parametrize(
    "text, number",
    [
        ("0x1f", 31),
        ("0X1F", 31),
        ("10", 10),
        ("010", 8),
        ("0", 0),
        ("00", 0),
        ("+7", 7),
        (" 7", 7),
        ("0x0000", 0),
    ],
)
def test_numbers_have_the_base_that_they_show(text: str, number: int) -> None:
    assert c_integer(text) == number


@pytest.mark.parametrize("text", ["0a", "1f", "08", "09", "", "0x", "-1", "7 ", "1.0", "x1f", "{{ n }}"])
def test_what_libvirt_refuses_is_not_known(text: str) -> None:
    assert c_integer(text) is UNKNOWN


@pytest.mark.parametrize("text, number", [("1", 1), ("010", 10), ("08", 8), (" 3", 3), ("+3", 3)])
def test_decimal_numbers_may_begin_with_zero(text: str, number: int) -> None:
    assert decimal(text) == number


@pytest.mark.parametrize("text", ["", "0x1", "1a", "-1", "1 ", "٣"])
def test_what_is_no_decimal_number_is_not_known(text: str) -> None:
    assert decimal(text) is UNKNOWN


@pytest.mark.parametrize("read", [c_integer, decimal, mac_number])
def test_what_is_missing_stays_missing_and_unknown_stays_unknown(read) -> None:
    assert read(None) is None
    assert read(UNKNOWN) is UNKNOWN


@pytest.mark.parametrize("text", ["52:54:00:0a:0b:0c", "52:54:00:0A:0B:0C", "52:54:0:a:b:c"])
def test_mac_addresses_are_numbers(text: str) -> None:
    assert mac_number(text) == 0x5254000A0B0C


@pytest.mark.parametrize(
    "text", ["52-54-00-0a-0b-0c", "52:54:00:0a:0b", "52:54:00:0a:0b:0c:0d", "52:54:00:0a:0b:0cc", ""]
)
def test_what_is_no_mac_address_is_not_known(text: str) -> None:
    assert mac_number(text) is UNKNOWN


def test_the_first_child_without_a_namespace_is_read() -> None:
    device = etree.fromstring(
        "<interface><x:mac xmlns:x='urn:x' address='1'/><mac address='2'/><mac address='3'/></interface>"
    )
    assert child_attribute(device, "mac", "address") == "2"
    assert child(device, "model") is None
    assert child_attribute(device, "model", "type") is None


def test_a_placeholder_is_not_known() -> None:
    device = etree.fromstring("<interface type='{{ type }}' name='a$b'/>")
    assert attribute(device, "type") is UNKNOWN
    assert attribute(device, "trustGuestRxFilters") is None
    assert attribute(None, "type") is None
    assert not UNKNOWN
