"""The desk sees a customer's devices and tries, and signs one of them out; the customer is told."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import ApiDevice, SignIn, SignInAttempt
from tests.accounts.mails import mails_to
from tests.api_client import Phone
from tests.people import make_customer, make_staff, signed_in_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(33)]

REASON = {"reason": "The customer called and does not know this device"}
SUBJECT = "We signed you out on one of your devices"


def test_one_browser_or_app_is_ended_and_nothing_else() -> None:
    mio, ken = make_customer("mio"), make_customer("ken")
    here, there, phone, tablet = (
        signed_in_client(mio), signed_in_client(mio), Phone.signed_in(mio), Phone.signed_in(mio, name="Tablet"),
    )  # fmt: skip
    kens = signed_in_client(ken)
    desk = signed_in_client(make_staff("rin", groups=["agent"]))
    page = reverse("admin:end_sessions", args=[mio.user.public_id])
    browser = SignIn.objects.filter(user=mio.user).latest("pk")
    overview = desk.get(reverse("admin:customer", args=[mio.user.public_id])).content.decode()
    assert f"?one={browser.public_id}" in overview
    assert f"?one={tablet.device_id}" in overview

    asked = desk.get(f"{page}?one={tablet.device_id}")
    assert "Tablet" in asked.content.decode()
    assert desk.post(f"{page}?one={tablet.device_id}", {"reason": ""}).status_code == 422
    assert tablet.get("/api/v1/me").status == 200, "without a reason nothing ends"
    for public_id in (tablet.device_id, browser.public_id):
        assert desk.post(f"{page}?one={public_id}", REASON).status_code == 302
        # A repeat finds nothing.
        assert desk.post(f"{page}?one={public_id}", REASON).status_code == 404
    assert tablet.get("/api/v1/me").status == 401
    assert phone.get("/api/v1/me").status == 200
    assert [one.get("/security/").status_code for one in (here, there)] == [200, 302]
    told = [str(one.body) for one in mails_to(mio.email) if one.subject == SUBJECT]
    assert len(told) == 2
    assert "Tablet" in told[0] + told[1]
    # Another customer's device is not this one's.
    others = SignIn.objects.get(user=ken.user)
    assert desk.post(f"{page}?one={others.public_id}", REASON).status_code == 404
    assert kens.get("/security/").status_code == 200
    assert ApiDevice.objects.filter(user=mio.user, revoked_at=None).count() == 1


def test_failed_tries_stand_in_the_timeline() -> None:
    mio = make_customer("mio")
    for result in ("wrong_password", "too_many"):
        SignInAttempt.objects.create(user=mio.user, result=result, channel="browser", network="198.51.100.9")
    desk = signed_in_client(make_staff("rin", groups=["agent"]))
    page = desk.get(f"{reverse('admin:customer', args=[mio.user.public_id])}?kind=sign_in").content.decode()
    assert "Wrong password" in page
    assert "Refused: too many tries" in page
    assert "198.51.100.9" in page
