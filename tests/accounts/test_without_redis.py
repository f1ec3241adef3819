"""Redis is down: whatever is counted there is refused, not let through; the owner reads what to do, and can look on.

The app's side of it is in `api/test_sign_in.py`, the counters' own in `wallet_site/test_ratelimit.py`, the notices' in
`drill/test_notices_survive.py`.
"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions.resets import ask_reset
from accounts.models import (
    ContactChange,
    CredentialChange,
    LockRequest,
    PasswordReset,
    RecoveryAsk,
    SignIn,
    SignUp,
    Suspension,
    User,
)
from accounts.undo_links import sign_in_undo_url, undo_url
from payments.models import OneTimeCode
from tests.accounts.actions.test_races import stranger
from tests.accounts.mails import last_mail_to, link_in, mails_to
from tests.people import (
    PASSWORD,
    anonymous_client,
    fresh_email,
    make_customer,
    session_key_for,
    signed_in_client,
    totp_now,
)
from wallet_site.local.valkey import Valkey
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def rows() -> list[int]:
    """Everything that any of the paths could have written."""
    kinds = [
        *(
            ContactChange,
            CredentialChange,
            LockRequest,
            PasswordReset,
            RecoveryAsk,
            SignIn,
            SignUp,
            Suspension,
        ),
        *(OneTimeCode, Event),
    ]
    return [kind.objects.count() for kind in kinds]


@pytest.mark.requirement(46)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_that_counts_refuses_and_says_what_to_do(valkey: Valkey, language: str) -> None:
    said = {"en": "We cannot do this right now. Nothing has changed.", "ja": "何も変更されていません"}[
        language
    ]
    aya = make_customer("aya")
    with recorded(aya.actor):
        User.objects.filter(pk=aya.user.pk).update(phone="+819055557777")
    session_key_for(aya)
    browser = SignIn.objects.get(user=aya.user)
    change = CredentialChange.objects.filter(user=aya.user, kind="phone_changed").get()
    ask_reset(aya.email, actor=stranger())
    reset = link_in(last_mail_to(aya.email), "/reset/link/")
    mails_to(aya.email)
    password = {"sign_in_view-current_step": "auth", "auth-email": aya.email, "auth-password": PASSWORD}
    resetting, signed_in = anonymous_client(), signed_in_client(aya)
    resetting.get(reset)
    new = {"new_password": "lanterns upon a bridge", "code": totp_now(aya)}
    before = rows()

    valkey.kill()
    paths: list[tuple[Client | None, str, dict[str, str]]] = [
        (None, reverse("accounts:sign_in"), password),
        (None, reverse("accounts:sign_up"), {"email": fresh_email("hana")}),
        (None, reverse("accounts:reset"), {"email": aya.email}),
        (resetting, reverse("accounts:reset_password"), new),
        (None, reverse("accounts:lock"), {"email": aya.email}),
        (None, reverse("accounts:recovery_ask"), {"email": aya.email}),
        (None, path_of(undo_url(change, aya.email)), {"not_me": "on"}),
        (None, path_of(sign_in_undo_url(browser, aya.email, at=browser.started_at)), {"not_me": "on"}),
        (None, "/undo/nonsense/", {}),
        (signed_in, reverse("accounts:change_email"), {"new_email": fresh_email("new")}),
        (signed_in, reverse("accounts:change_phone"), {"phone": "09011112222"}),
    ]
    for known, path, form in paths:
        client = known or anonymous_client()
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        answer = client.post(path, form)
        assert answer.status_code == 503, (path, answer.status_code)
        assert int(answer["Retry-After"]) > 0, path
        assert said in answer.content.decode(), path
    # A part of a page: it shows the refusal in the place of the code.
    assert said in signed_in.post(reverse("payments:pay"), headers={"HX-Request": "true"}).content.decode()
    assert rows() == before, "something was written although nothing could be counted"
    assert signed_in.get("/").status_code == 200, "the balance can be looked at"
    assert signed_in.get(reverse("accounts:security")).status_code == 200
