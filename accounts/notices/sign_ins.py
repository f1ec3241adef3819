"""What people read about a sign-in: the same facts in the notice and on the page behind its link."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import events
from accounts.models import ApiDevice, SignIn, User
from accounts.notices.words import AccountNotice, Words, call_us, listed, user_of, when, where
from accounts.undo_links import sign_in_undo_url, was_taken_away
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


@notice(events.UNFAMILIAR_SIGN_IN)
class UnfamiliarSignIn(AccountNotice):
    """Somebody signed in, with every proof, from a browser or network that the account did not know."""

    def recipients(self, event: Event) -> list[Recipient]:
        return listed(event, user_of(event))

    def words(self, event: Event, to: Recipient) -> Words:
        subject_row = _subject_of(event)
        user = user_of(event)
        at = datetime.fromisoformat(event.payload["at"])
        subject = _("Somebody signed in to your account from a new network")
        if event.payload["is_new_device"]:
            subject = _("Somebody signed in to your account on a new device")
        # Staff have no wallet to stop: they call.
        links = user.kind == User.Kind.CUSTOMER and not was_taken_away(user.pk, to.address)
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. %(when)s. Not you? Call %(phone)s. Never tell anybody a code.")
            % {
                "operator": settings.OPERATOR_NAME,
                "what": subject,
                "when": when(at),
                "phone": settings.SUPPORT_PHONE,
            },
            opening=[_("If this was you, there is nothing to do."), *_effects(event)],
            facts=sign_in_facts(subject_row, at=at),
            before_link=_how_to_report() if links else [],
            link=sign_in_undo_url(subject_row, to.address, at=at) if links else "",
            link_label=_("This was not me"),
            link_kind="danger",
            closing=[call_us()],
        )


def _subject_of(event: Event) -> SignIn | ApiDevice:
    if "sign_in_id" in event.payload:
        return SignIn.objects.get(pk=event.payload["sign_in_id"])
    return ApiDevice.objects.get(pk=event.payload["device_id"])


def _effects(event: Event) -> list[str]:
    if not event.payload["is_new_device"]:
        return []
    return [_("For 24 hours your limits are lower and no new card can be linked.")]


def _how_to_report() -> list[str]:
    return [
        _(
            "If this was not you: open the page below and press the button there. It stops your wallet, signs "
            "everything out and calls our support desk. Opening the page alone changes nothing."
        ),
        _("The page works for seven days, without signing in."),
    ]


def sign_in_facts(subject: SignIn | ApiDevice, *, at: datetime) -> list[tuple[str, str]]:
    """What, when and from where: a browser's session, or an app on a device."""
    if isinstance(subject, SignIn):
        what, device = _("Sign-in in a browser"), subject.device
    else:
        what, device = _("Sign-in in the app"), subject.name
    origin = {"kind": "customer", "device": device, "network": subject.network or ""}
    return [(_("What"), what), (_("When"), when(at)), (_("From where"), where(origin))]
