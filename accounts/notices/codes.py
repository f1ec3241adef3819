"""Mails that carry something to be used at once: codes that prove an address, the link for a new password."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import events, policy
from accounts.models import User
from accounts.notices.words import AccountNotice, Words, call_us, user_of, when, where
from wallet_site.crypto import decrypt
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


class _ToTypedAddress(AccountNotice):
    """To the one address that is being proven, in the language of whoever typed it."""

    def recipients(self, event: Event) -> list[Recipient]:
        return [Recipient(event.payload["address"], event.payload["language"])]


@notice(events.SIGN_UP_CODE)
class SignUpCode(_ToTypedAddress):
    """The code that proves the address of a sign-up."""

    def words(self, event: Event, to: Recipient) -> Words:
        return _code_words(
            event,
            subject=_("Your code to sign up"),
            opening=_("Enter this code on the page where you are signing up."),
            closing=_("If you are not signing up, ignore this mail: without the code no account is opened."),
        )


@notice(events.EMAIL_CHANGE_CODE)
class EmailChangeCode(_ToTypedAddress):
    """The code that proves a new address of somebody who has an account."""

    def words(self, event: Event, to: Recipient) -> Words:
        return _code_words(
            event,
            subject=_("Your code to confirm this address"),
            opening=_("Enter this code on the page where you change your e-mail address."),
            closing=_(
                "If you are not changing your address, ignore this mail: without the code nothing changes."
            ),
        )


@notice(events.NOTICE_ADDRESS_CODE)
class NoticeAddressCode(_ToTypedAddress):
    """The code that proves a second address. Who reads it may be somebody whom the account's owner trusts."""

    def words(self, event: Event, to: Recipient) -> Words:
        return _code_words(
            event,
            subject=_("Your code to confirm this address for notices"),
            opening=_(
                "Somebody wants this address to be told of everything that concerns the safety of their wallet. "
                "Enter this code on the page where the address is added."
            ),
            closing=_(
                "If you do not know about this, ignore this mail: without the code nothing comes here."
            ),
        )


@notice(events.PHONE_CODE)
class PhoneCode(AccountNotice):
    """The code that proves a phone number, by SMS. Its last line lets phones fill it in on our own page only."""

    def recipients(self, event: Event) -> list[Recipient]:
        return [Recipient(event.payload["address"], event.payload["language"], channel="sms")]

    def words(self, event: Event, to: Recipient) -> Words:
        code = decrypt(event.payload["sealed_code"])
        subject = _("Your code to confirm this phone number")
        said = _("%(operator)s: %(code)s confirms this number for notices. Never tell it to anybody.") % {
            "operator": settings.OPERATOR_NAME,
            "code": code,
        }
        # https://wicg.github.io/sms-one-time-codes/
        return Words(subject=subject, opening=[said], short=f"{said}\n\n@{settings.PUBLIC_HOST} #{code}")


def _code_words(event: Event, *, subject: str, opening: str, closing: str) -> Words:
    return Words(
        subject=subject,
        opening=[opening],
        code=decrypt(event.payload["sealed_code"]),
        facts=[
            (_("Valid until"), when(event.payload["valid_until"])),
            (_("Asked for from"), where(event.payload["origin"])),
        ],
        closing=[closing, _("Never tell this code to anybody. We never ask for it.")],
    )


@notice(events.KNOWN_ADDRESS)
class KnownAddress(_ToTypedAddress):
    """To the owner of an address that somebody wanted to use again. The pages said nothing of it."""

    def words(self, event: Event, to: Recipient) -> Words:
        return Words(
            subject=_("You have an account already"),
            opening=[
                _(
                    "Somebody wanted to use this address for an account. You have one with it, so nothing has changed."
                ),
                _(
                    "If this was you: sign in as usual. If you forgot your password, use “Forgot your password?” there."
                ),
            ],
            facts=[
                (_("When"), when(event.created_at)),
                (_("From where"), where(event.payload["origin"])),
            ],
            closing=[
                _("If this was not you, you need not do anything: your account is not affected."),
                call_us(),
            ],
        )


@notice(events.RESET_LINK)
class ResetLink(AccountNotice):
    """To the address on file, and to no other; to nobody where no account was found."""

    def recipients(self, event: Event) -> list[Recipient]:
        user = User.objects.filter(pk=event.user_id).first() if event.user_id else None
        return [Recipient(user.email, user.language, name=user.full_name)] if user else []

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("Choose a new password")
        facts = [(_("When"), when(event.created_at)), (_("From where"), where(event.payload["origin"]))]
        if policy.is_stopped(user_of(event).pk, "sign_in"):
            return Words(
                subject=subject,
                opening=[
                    _("A new password was asked for, but your account is stopped for now. Please call us.")
                ],
                facts=facts,
                closing=[call_us()],
            )
        token = decrypt(event.payload["sealed_token"])
        return Words(
            subject=subject,
            opening=[
                _("A new password was asked for. It counts only together with a code of your second factor.")
            ],
            facts=[*facts, (_("Valid until"), when(event.payload["valid_until"]))],
            link=settings.PUBLIC_URL + reverse("accounts:reset_link", kwargs={"token": token}),
            link_label=_("Choose a new password"),
            closing=[
                _(
                    "The link works once. If you did not ask for it, ignore this mail: your password stays as it is."
                ),
                call_us(),
            ],
        )
