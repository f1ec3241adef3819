"""What is over goes; what is still good, and what happened, stays."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AccessToken, ApiDevice, CredentialChange, PasswordReset, SignUp
from accounts.tasks import forget_expired_daily
from tests.people import fresh_email, make_customer

pytestmark = pytest.mark.django_db(transaction=True)


def test_expired_tokens_links_and_sign_ups_go_and_the_rest_stays() -> None:
    now = timezone.now()
    long_ago, a_moment_ago, soon = (
        now - timedelta(days=2),
        now - timedelta(minutes=1),
        now + timedelta(minutes=5),
    )
    aya = make_customer("aya")
    device = ApiDevice.objects.create(user=aya.user, name="Phone", key_thumbprint=secrets.token_hex(16))
    tokens, resets, sign_ups = {}, {}, {}
    for when in (long_ago, a_moment_ago, soon):
        mark = secrets.token_bytes(32)
        tokens[when] = AccessToken.objects.create(digest=mark, device=device, expires_at=when).pk
        resets[when] = PasswordReset.objects.create(user=aya.user, token_digest=mark, expires_at=when).pk
        sign_ups[when] = SignUp.objects.create(email=fresh_email("new"), language="en", expires_at=when).pk
    changes = CredentialChange.objects.filter(user=aya.user).count()

    assert forget_expired_daily() >= 3

    for model, rows in ((AccessToken, tokens), (PasswordReset, resets), (SignUp, sign_ups)):
        left = set(model.objects.filter(pk__in=list(rows.values())).values_list("pk", flat=True))
        assert left == {rows[a_moment_ago], rows[soon]}, model
    assert CredentialChange.objects.filter(user=aya.user).count() == changes
