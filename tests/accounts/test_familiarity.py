"""What an account knows of a device and a network, from browsers and apps that signed in to it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.familiarity import familiarity, network_block
from accounts.models import ApiDevice, SignIn
from tests.people import Person, make_customer

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = timedelta(0)


def signed_in(person: Person, *, days_ago: int, network: str, device: str = "Chrome on Windows") -> None:
    at = timezone.now() - timedelta(days=days_ago)
    SignIn.objects.create(
        user=person.user,
        session_digest=secrets.token_bytes(32),
        device=device,
        network=network,
        started_at=at,
        last_seen_at=at,
    )


def ages(person: Person, network: str, now: datetime, **actor: object) -> tuple[int, int]:
    known = familiarity(person.user.pk, replace(person.actor, network=network, **actor), now=now)  # type: ignore[arg-type]
    return known.device.days, known.network.days


def test_what_was_never_seen_is_new() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    signed_in(ken, days_ago=40, network="203.0.113.7")
    known = familiarity(aya.user.pk, replace(aya.actor, network="203.0.113.7"))
    assert (known.device, known.network) == (NOTHING, NOTHING), "somebody else's device never counts"


def test_the_first_time_counts_and_a_network_is_its_block() -> None:
    aya = make_customer("aya")
    for days_ago in (40, 3):
        signed_in(aya, days_ago=days_ago, network="203.0.113.7")
    now = timezone.now()
    assert ages(aya, "203.0.113.200", now) == (40, 40)
    assert ages(aya, "203.0.114.7", now) == (40, 0)
    assert ages(aya, "203.0.113.7", now, device="Firefox on Linux") == (0, 40)
    assert ages(aya, "", now, device="") == (0, 0)


def test_an_app_is_known_by_its_own_device_whatever_it_calls_itself() -> None:
    aya = make_customer("aya")
    signed_in(aya, days_ago=40, network="203.0.113.7", device="okhttp on Android")
    app = ApiDevice.objects.create(
        user=aya.user,
        name="Aya's phone",
        key_thumbprint=secrets.token_hex(16),
        network="2001:db8:7::1",
        created_at=timezone.now() - timedelta(days=5),
    )
    now = timezone.now()
    token = {"token_id": str(app.public_id), "device": "okhttp on Android"}
    assert ages(aya, "2001:db8:7:9::4", now, **token) == (5, 5)
    assert ages(aya, "2001:db8:8::1", now, **token | {"token_id": str(aya.user.public_id)}) == (0, 0)


def test_a_block_of_nonsense_is_none() -> None:
    assert network_block("") == network_block("unknown") == ""
    assert network_block("203.0.113.7") == "203.0.113.0/24"
    assert network_block("2001:db8:7:9::4") == "2001:db8:7::/48"
