"""The home page's check counts what can still be used, and nothing that the clock has ended."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiDevice, RecoveryCode, SignIn
from accounts.queries import CODES_TOO_FEW, security_of
from accounts.security_check import STALE_AFTER, security_facts
from tests.people import make_customer

pytestmark = pytest.mark.django_db


def test_sessions_that_are_idle_or_old_too_long_are_not_signed_in() -> None:
    aya, now = make_customer("aya").user, timezone.now()
    for seen, started in ((1, 2), (31, 40), (1, 13 * 60)):
        SignIn.objects.create(
            user=aya,
            session_digest=secrets.token_bytes(32),
            last_seen_at=now - timedelta(minutes=seen),
            started_at=now - timedelta(minutes=started),
        )

    facts = security_facts(aya.pk)

    assert (facts.browsers, facts.stale_devices) == (1, 0)
    assert facts.browsers == len(security_of(aya).sessions)


def test_an_app_that_nobody_opens_is_worth_a_look() -> None:
    aya, now = make_customer("aya").user, timezone.now()
    for seen in (now, now - STALE_AFTER - timedelta(minutes=1)):
        ApiDevice.objects.create(
            user=aya, name="Phone", key_thumbprint=secrets.token_hex(16), last_seen_at=seen
        )
    ApiDevice.objects.create(user=aya, name="Lost", key_thumbprint=secrets.token_hex(16), revoked_at=now)

    facts = security_facts(aya.pk)

    assert (facts.devices, facts.apps, facts.stale_devices) == (2, 2, 1)


def test_home_and_the_security_page_agree_when_recovery_codes_are_few() -> None:
    aya = make_customer("aya").user
    assert not security_facts(aya.pk).codes_are_few and not security_of(aya).codes_are_few

    codes = RecoveryCode.objects.filter(code_set__user=aya).values_list("pk", flat=True)
    spent = list(codes)[: len(codes) - CODES_TOO_FEW]
    RecoveryCode.objects.filter(pk__in=spent).update(used_at=timezone.now())

    assert security_facts(aya.pk).codes_are_few and security_of(aya).codes_are_few
