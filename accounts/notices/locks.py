"""The code that stops an account without signing in."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import events
from accounts.account_locks import accounts_of, code_addresses, lock_code
from accounts.models import LockRequest, User
from accounts.notices.words import AccountNotice, Words, call_us, when, where
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Recipient, notice


@notice(events.LOCK_CODE)
class LockCode(AccountNotice):
    """To every address of each account that the typed one is on file of; to nobody where there is none."""

    def recipients(self, event: Event) -> list[Recipient]:
        found: dict[str, Recipient] = {}
        for user in accounts_of(_request_of(event).address):
            for address in code_addresses(user.pk):
                found.setdefault(address, Recipient(address, user.language, name=user.full_name))
        return list(found.values())

    def words(self, event: Event, to: Recipient) -> Words:
        request = _request_of(event)
        theirs = [user for user in accounts_of(request.address) if to.address in code_addresses(user.pk)]
        return Words(
            subject=_("Your code to lock your wallet"),
            opening=[
                _(
                    "Somebody wants to stop your wallet without signing in. Enter this code on the page where you "
                    "asked for it. It stops everything at once; our support desk opens it again with you."
                )
            ],
            code=lock_code(request, theirs[0].pk) if len(theirs) == 1 else "",
            facts=[
                *(_which(request, theirs) if len(theirs) > 1 else []),
                (_("Valid until"), when(event.payload["valid_until"])),
                (_("Asked for from"), where(event.payload["origin"])),
            ],
            closing=[
                _("If you did not ask for it, ignore this mail: without the code nothing happens."),
                _("Never tell this code to anybody. We never ask for it."),
                call_us(),
            ],
        )


def _which(request: LockRequest, users: list[User]) -> list[tuple[str, str]]:
    """A second address may serve two accounts: each has a code of its own."""
    return [(f"{user.full_name}, {user.customer_number}", lock_code(request, user.pk)) for user in users]


def _request_of(event: Event) -> LockRequest:
    """Raises `LookupError` once it is forgotten."""
    request = LockRequest.objects.filter(pk=event.payload["lock_id"]).first()
    if request is None:
        raise LookupError(f"no lock {event.payload['lock_id']}")
    return request
