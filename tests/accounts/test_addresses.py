"""One form per address, and masks that give nothing away."""

from __future__ import annotations

import pytest

from accounts.addresses import mask, mask_email, mask_phone, read_email
from accounts.limits import network_key
from wallet_site.errors import InvalidInput


@pytest.mark.requirement(20)
@pytest.mark.parametrize(
    ("typed", "stored"), [("Aya@Example.COM", "aya@example.com"), ("  aya@example.com ", "aya@example.com")]
)
def test_capitals_and_spaces_make_no_other_address(typed: str, stored: str) -> None:
    assert read_email(typed) == stored


@pytest.mark.requirement(20)
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "aya",
        "aya@",
        "aya@example",
        "а@example.com",
        "aya@exаmple.com",
        "ａ@example.com",
        "a@b.c\nBcc:x@y.z",
    ],
)
def test_what_is_no_plain_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        read_email(typed)


@pytest.mark.requirement(27)
def test_masks_show_enough_to_recognise_and_no_more() -> None:
    assert mask_email("aya.sato@example.com") == "ay••••••@e••••••.com"
    assert mask_email("a@b.jp").startswith("a•••@b")
    assert mask_phone("+819012345678") == "+81•••••••678"
    assert mask("aya.sato@example.com") == "ay••••••@e••••••.com"
    assert mask("+819012345678") == "+81•••••••678"


@pytest.mark.requirement(45)
def test_a_devices_name_is_never_a_link() -> None:
    assert mask("Call http://evil.example/x now") == "Call http evil.example x now"
    assert mask("<b>www.evil.example") == "b evil.example"
    assert mask("Pixel 9") == "Pixel 9"


@pytest.mark.requirement(16)
def test_one_home_network_has_one_key() -> None:
    assert network_key("2001:db8:1:2::1") == network_key("2001:db8:1:2:ffff::9")
    assert network_key("2001:db8:1:2::1") != network_key("2001:db8:1:3::1")
    assert network_key("203.0.113.5") == "203.0.113.5"
    assert network_key("") == "unknown"
