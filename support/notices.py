"""The notices that the desk owes. Registered by being imported (see `support.apps`)."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import events
from accounts.models import StuffingWave, User
from accounts.notices.words import AccountNotice, Words, call_us, everywhere, user_of, when
from support.models import Letter
from support.roles import Role
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Message, Recipient, notice


@notice("support:letter:sent")
class LetterSent:
    """A letter as it was rendered when it was written: a later change of texts changes no letter."""

    def recipients(self, event: Event) -> list[Recipient]:
        """The customer's address of the moment it leaves."""
        letter = self._letter(event)
        customer = letter.customer
        return [Recipient(address=customer.email, language=letter.language, name=customer.full_name)]

    def message(self, event: Event, recipient: Recipient) -> Message:
        """The stored words."""
        letter = self._letter(event)
        return Message(subject=letter.subject, text=letter.text, html=letter.html)

    def _letter(self, event: Event) -> Letter:
        return Letter.objects.select_related("customer").get(pk=event.payload["letter_id"])


@notice("support:customer:revealed")
class DataRevealed(AccountNotice):
    """Somebody at the desk looked at what is masked there."""

    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("Our support looked at your contact details")
        fields = {"email": _("E-mail address"), "phone": _("Phone number")}
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Questions: %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _(
                    "They are hidden from our staff. Somebody had to see them to help you, and gave a reason for it."
                ),
                _(
                    "Nothing was changed. Our staff can change neither your address nor your password nor your codes."
                ),
            ],
            facts=[
                (_("What was looked at"), fields[event.payload["field"]]),
                (_("When"), when(event.created_at)),
            ],
            closing=[call_us()],
        )


@notice("support:sessions:ended")
class SessionsEnded(AccountNotice):
    """Support signed the customer out everywhere."""

    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("We signed you out on all your devices")
        ended = _(
            "Our support has ended every sign-in of your account, to keep it safe. Your balance stays as it is."
        )
        if device := event.payload.get("device"):
            subject = _("We signed you out on one of your devices")
            ended = _(
                "Our support has ended this sign-in, to keep your account safe. Your balance stays as it is."
            )
        where = [(_("Device"), device)] if device else []
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Your money is safe. Questions: %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                ended,
                _("You can sign in again with your password and your second factor."),
            ],
            facts=[*where, (_("When"), when(event.created_at))],
            closing=[call_us()],
        )


# Who is told at once when something is done to everybody: the roles that may stop it for everybody.
_ON_CALL: Final[tuple[Role, ...]] = ("supervisor", "fraud_analyst")


@notice(events.STUFFING_SEEN)
class StuffingSeen(AccountNotice):
    """Lists of leaked passwords are being tried here: to the staff who can stop it, and to the operator's address."""

    def recipients(self, event: Event) -> list[Recipient]:
        staff = User.objects.filter(
            kind=User.Kind.STAFF, is_active=True, groups__name__in=_ON_CALL
        ).distinct()
        told = [Recipient(one.email, one.language, name=one.full_name) for one in staff.order_by("pk")]
        contact = settings.SECURITY_CONTACT.removeprefix("mailto:")
        if "@" in contact and contact not in {one.address for one in told}:
            told.append(Recipient(contact, settings.LANGUAGE_CODE))
        return told

    def words(self, event: Event, to: Recipient) -> Words:
        wave = StuffingWave.objects.get(pk=event.payload["wave_id"])
        return Words(
            subject=_("A wave of guessed passwords is under way"),
            opening=[
                _("Many accounts are tried from many networks, and hardly any password is right."),
                _(
                    "Devices that an account does not know have fewer tries for now. Known devices and passkeys are "
                    "not slowed, and no password opens a wallet without its second factor."
                ),
            ],
            facts=[
                (_("Since"), when(wave.began_at)),
                (_("Tries within ten minutes"), str(wave.tries)),
                (_("Right passwords"), str(wave.right)),
                (_("Different accounts"), str(wave.accounts)),
                (_("Different networks"), str(wave.networks)),
            ],
            closing=[
                _(
                    "The desk has a case. The switch for unknown devices stops them altogether; one person pulls it."
                )
            ],
        )
