"""The pages of addresses and phone numbers, in every state that looks different."""

from __future__ import annotations

from urllib.parse import quote

from accounts.account_locks import lock_code
from accounts.models import LockRequest, NoticeAddress, User
from tests.journeys.guide import Guide, Tour
from tests.people import fresh_email, make_customer
from wallet_site.transactions import recorded


def locking(guide: Guide) -> Tour:
    """Stopping an account without signing in."""
    mio = make_customer("mio", language=guide.language)
    somebody = guide.become(None)
    yield from guide.goto("/lock/")
    somebody.fill("E-mail address", "nonsense")
    somebody.press("Send the code")
    yield "lock, refused address"
    somebody.fill("E-mail address", mio.email)
    somebody.press("Send the code")
    somebody.is_at("/lock/code/")
    yield "lock, code"
    somebody.fill("Code from the mail", "00000000")
    somebody.press("Stop the account")
    yield "lock, wrong code"
    asked = LockRequest.objects.get(address=mio.email)
    somebody.fill("Code from the mail", lock_code(asked, mio.user.pk))
    somebody.press("Stop the account")
    somebody.reads_heading("The account is stopped")
    yield "lock, done"


def contacts(guide: Guide) -> Tour:
    person = make_customer("mio", language=guide.language)
    number = f"0702{person.user.pk % 10**7:07d}"
    somebody = guide.become(person)
    yield from guide.goto("/security/notice-address/", "/security/phone/")
    somebody.fill("Mobile phone number", "03-1234-5678")
    somebody.press("Send the code")
    yield "phone, refused"
    somebody.fill("Mobile phone number", number)
    somebody.press("Send the code")
    somebody.is_at("/security/phone/confirm/")
    yield "phone, confirm"
    guide.page.goto("/security/notice-address/")
    somebody.fill("Second e-mail address", fresh_email("family"))
    somebody.press("Send the code")
    somebody.is_at("/security/notice-address/confirm/")
    yield "second address, confirm"
    somebody.press("Send a new code")
    yield "second address, a new code"
    guide.page.goto("/security/notice-address/")
    yield "second address, another waits"
    guide.page.goto("/security/")
    yield "security, changes wait"
    with recorded(person.actor):
        NoticeAddress.objects.create(user=person.user, email=fresh_email("family"))
        User.objects.filter(pk=person.user.pk).update(phone="+819012345678")
    guide.become(person)
    yield from guide.goto(
        "/security/", "/security/notice-address/", "/security/notice-address/remove/", "/security/phone/",
        "/security/phone/remove/",
    )  # fmt: skip
    yield from guide.goto(
        "/demo/mail/",
        f"/demo/phones/sms/{quote('+81' + number[1:])}/",
        f"/demo/phones/sms/{quote('+819000000000')}/",
    )
