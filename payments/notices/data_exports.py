"""Telling that somebody asked for a copy of everything we know about a customer, and that it is ready."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.notices.words import AccountNotice, Words, call_us, everywhere, user_of, when, where
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


class _ExportNotice(AccountNotice):
    def recipients(self, event: Event) -> list[Recipient]:
        return everywhere(user_of(event))

    def _words(self, event: Event, subject: str, opening: list[str]) -> Words:
        origin = {name: event.payload.get(name, "") for name in ("network", "device")}
        facts = [(_("When"), when(event.payload["at"]))]
        if any(origin.values()):
            facts.append((_("From where"), where(origin)))
        return Words(
            subject=subject,
            short=_("%(operator)s: %(what)s. Not you? Call %(phone)s.")
            % {"operator": settings.OPERATOR_NAME, "what": subject, "phone": settings.SUPPORT_PHONE},
            opening=opening,
            facts=facts,
            before_link=[
                _("If this was not you, somebody else is in your account. Lock it on the page below.")
            ],
            link=settings.PUBLIC_URL + reverse("accounts:lock"),
            link_label=_("This was not me"),
            link_kind="danger",
            closing=[call_us()],
        )


@notice("payments:data_export:asked")
class ExportAsked(_ExportNotice):
    """Somebody who was signed in asked for it."""

    def words(self, event: Event, to: Recipient) -> Words:
        return self._words(
            event,
            _("A copy of your data was asked for"),
            [_("We are putting it together. We tell you when it is ready.")],
        )


@notice("payments:data_export:ready")
class ExportReady(_ExportNotice):
    """It can be fetched in the portal, and is never sent."""

    def words(self, event: Event, to: Recipient) -> Words:
        return self._words(
            event,
            _("The copy of your data is ready"),
            [
                _(
                    "Sign in and fetch it under Preferences within 24 hours; we ask for your second factor once more. "
                    "Then we delete it."
                ),
                _("We never send it by mail."),
            ],
        )
