"""Telling about attempts that failed, and about what was stopped and lifted."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import events
from accounts.models import Suspension
from accounts.notices.words import AccountNotice, Words, call_us, everywhere, user_of, when, where
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice

# The customer reads these, never the desk's free text.
PLAIN_REASONS: Final = {
    Suspension.Reason.TAKEOVER: gettext_lazy("Someone else may have used your account."),
    Suspension.Reason.CUSTOMER_ASKED: gettext_lazy("You asked us to."),
    Suspension.Reason.FRAUD: gettext_lazy("We saw payments that are unusual for you."),
    Suspension.Reason.CREDENTIAL_UNDO: gettext_lazy("A change of your account was reported as not yours."),
    Suspension.Reason.OTHER: gettext_lazy("We are looking into something about your account."),
}


class _ToEverybody(AccountNotice):
    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))


@notice(events.WRONG_FACTOR)
class WrongFactor(_ToEverybody):
    """Somebody got past the first proof and failed at the second."""

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("Somebody entered a wrong code for your account")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Not you? Change your password and call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _(
                    "The code of the second factor was wrong. Only who knows your password gets as far as that."
                ),
                _(
                    "If you mistyped it, there is nothing to do. We tell you once for all tries within ten minutes."
                ),
            ],
            facts=[
                (_("When"), when(event.payload["at"])),
                (_("From where"), where(event.payload["origin"])),
            ],
            closing=[
                _(
                    "If this was not you, somebody knows your password. Sign in and change it on the security page."
                ),
                call_us(),
            ],
        )


@notice(events.PASSKEY_COPIED)
class PasskeyCopied(_ToEverybody):
    """A passkey's own counter went back: there are two of it. That sign-in was refused."""

    def words(self, event: Event, to: Recipient) -> Words:
        subject = _("A passkey of your account may have been copied")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. The sign-in was refused. Questions: %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[
                _(
                    "A device used this passkey with an older counter than we had seen before. We refused it, and "
                    "nothing has changed."
                ),
                _(
                    "If you did not restore a device from a backup, remove this passkey on the security page and "
                    "make a new one."
                ),
            ],
            facts=[
                (_("Passkey"), event.payload["passkey"]),
                (_("When"), when(event.payload["at"])),
                (_("From where"), where(event.payload["origin"])),
            ],
            closing=[call_us()],
        )


@notice(events.SUSPENSION_MADE)
class SuspensionMade(_ToEverybody):
    """What is stopped, why in plain words, until when, and how to object."""

    def words(self, event: Event, to: Recipient) -> Words:
        suspension = Suspension.objects.get(pk=event.payload["suspension_id"])
        subject = _("Part of your wallet was stopped")
        if suspension.scope == Suspension.Scope.ALL:
            subject = _("Your wallet was stopped")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Your money is safe. Questions: %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[_("Your money is safe: your balance stays as it is.")],
            facts=[*suspension_facts(suspension), *_by_whom(event)],
            closing=[
                _("If you do not agree, or have questions, call us day and night: %(phone)s")
                % {"phone": settings.SUPPORT_PHONE},
            ],
        )


def _by_whom(event: Event) -> list[tuple[str, str]]:
    origin = event.payload.get("origin")
    return [(_("From where"), where(origin))] if origin else []


@notice(events.SUSPENSION_LIFTED)
class SuspensionLifted(_ToEverybody):
    """What works again."""

    def words(self, event: Event, to: Recipient) -> Words:
        suspension = Suspension.objects.get(pk=event.payload["suspension_id"])
        subject = _("A stop of your wallet was lifted")
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Questions: %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=[_("What was stopped works again, as far as no other stop holds.")],
            facts=[
                (_("Was stopped"), str(suspension.get_scope_display())),
                (_("When"), when(suspension.lifted_at or event.created_at)),
            ],
            closing=[call_us()],
        )


def suspension_facts(suspension: Suspension) -> list[tuple[str, str]]:
    """What is stopped, why, since and until when: in the mail and on the pages."""
    return [
        (_("Stopped"), str(suspension.get_scope_display())),
        (_("Why"), str(PLAIN_REASONS[Suspension.Reason(suspension.reason_code)])),
        (_("Since"), when(suspension.starts_at)),
        (_("Until"), when(suspension.ends_at) if suspension.ends_at else _("Until we have talked to you")),
    ]
