"""Birth date, name, phone number and address are never proof of anything (requirement 6)."""

from __future__ import annotations

import json
import re

import pytest
from django.apps import apps
from django.urls import reverse

from accounts.account_locks import lock_code
from accounts.models import FactorGuesses, LockRequest, SignIn, Suspension, User
from tests.accounts.mails import last_mail_to, link_in
from tests.people import PASSWORD, anonymous_client, make_customer, totp_now
from wallet_site.api.docs import document

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(6)]

PHONE = "+819012345678"
_ASKED = re.compile(r"birth|maiden|(security|secret)_?(question|answer)|password_?hint|mother", re.IGNORECASE)


def test_nothing_of_that_kind_is_kept_or_asked() -> None:
    """No table has it, and no app can send it: what is not known cannot be guessed, bought or asked for."""
    names = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model.__module__.split(".")[0] in ("accounts", "payments", "support", "wallet_site")
        for field in model._meta.get_fields()
    ]
    assert len(names) > 100
    assert not [name for name in names if _ASKED.search(name)]
    assert not _ASKED.search(json.dumps(list(document()["components"]["schemas"].values())))


def test_they_are_no_second_factor_no_reset_and_no_lock() -> None:
    mio = make_customer("mio")
    User.objects.filter(pk=mio.user.pk).update(phone=PHONE)
    facts = [
        mio.user.full_name,
        PHONE,
        "090-1234-5678",
        mio.email,
        mio.user.customer_number,
        "2019-01-01",
        "",
    ]

    signing_in = anonymous_client()
    sign_in = reverse("accounts:sign_in")
    step = {"sign_in_view-current_step": "auth", "auth-email": mio.email, "auth-password": PASSWORD}
    signing_in.post(sign_in, step)
    resetting = anonymous_client()
    resetting.post(reverse("accounts:reset"), {"email": mio.email})
    resetting.get(link_in(last_mail_to(mio.email), "/reset/link/"))
    locking = anonymous_client()
    locking.post(reverse("accounts:lock"), {"email": mio.email})
    asked = LockRequest.objects.get(address=mio.email)

    for fact in facts:
        signing_in.post(sign_in, {"sign_in_view-current_step": "token", "token-code": fact})
        new = {"new_password": "seven lanterns on a bridge", "code": fact, "full_name": mio.user.full_name}
        resetting.post(reverse("accounts:reset_password"), new | {"phone": PHONE})
        locking.post(reverse("accounts:lock_code"), {"code": fact})
        # Every one of them is looked at.
        LockRequest.objects.filter(pk=asked.pk).update(code_tries=0)
        FactorGuesses.objects.filter(user=mio.user).delete()

    mio.user.refresh_from_db()
    assert mio.user.check_password(PASSWORD)
    assert not SignIn.objects.filter(user=mio.user).exists()
    assert not Suspension.objects.filter(user=mio.user).exists()
    # What does prove, does: the tries above were looked at.
    signing_in.post(sign_in, {"sign_in_view-current_step": "token", "token-code": totp_now(mio)})
    assert SignIn.objects.filter(user=mio.user).exists()
    locking.post(reverse("accounts:lock_code"), {"code": lock_code(asked, mio.user.pk)})
    assert Suspension.objects.filter(user=mio.user).exists()
