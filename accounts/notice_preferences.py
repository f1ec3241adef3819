"""Who is told of ordinary things, and how: receipts by the customer's own choice.

What concerns the safety of an account never asks here: its notices name every address on file (`notice_targets`), and
`receipt_recipients` refuses an event of any other priority than the ordinary one. While limits are low after a change
of credentials nobody's choice is quieter than the default: whoever took an account over empties it before the eyes of
its owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts import policy
from accounts.models import NoticePreference, PushToken, User
from accounts.models.notice_preferences import DEFAULT_EMAIL_FROM_MINOR
from accounts.push_names import push_name
from wallet_site.outbox.channels import exists
from wallet_site.outbox.models import Event, Priority
from wallet_site.outbox.registry import Recipient


@dataclass(frozen=True, slots=True)
class Receipts:
    """A choice. `email_from_minor`: payments below it are not mailed; top-ups and refunds always are."""

    by_email: bool = True
    by_push: bool = True
    email_from_minor: int = DEFAULT_EMAIL_FROM_MINOR

    def is_quieter_than(self, other: Receipts) -> bool:
        """Whether anything that `other` tells is not told by this one."""
        return (
            (other.by_push and not self.by_push)
            or (other.by_email and not self.by_email)
            or (other.by_email and self.by_email and self.email_from_minor > other.email_from_minor)
        )

    def with_all_of(self, other: Receipts) -> Receipts:
        """What either of them tells."""
        mailing = [one.email_from_minor for one in (self, other) if one.by_email]
        return Receipts(
            by_email=bool(mailing),
            by_push=self.by_push or other.by_push,
            email_from_minor=min(mailing, default=self.email_from_minor),
        )


DEFAULT: Final = Receipts()


def receipts_of(user_id: int) -> Receipts:
    """What this person has chosen, or the default. One query."""
    found = NoticePreference.objects.filter(user_id=user_id).first()
    if found is None:
        return DEFAULT
    return Receipts(found.receipts_by_email, found.receipts_by_push, found.email_from_minor)


def louder_until(user_id: int) -> datetime | None:
    """Until when the default holds beside a quieter choice; None where the choice alone decides."""
    if not receipts_of(user_id).is_quieter_than(DEFAULT):
        return None
    return policy.cool_off(user_id)


def receipt_recipients(event: Event, user: User, *, payment_minor: int | None = None) -> list[Recipient]:
    """Where `user` gets the receipt that `event` owes. `payment_minor` for money paid: small ones are not mailed.

    Raises `ValueError` for an event that is not ordinary: nothing else can be muted.
    """
    if event.priority != Priority.ORDINARY:
        raise ValueError(f"{event.topic} is {event.priority}: its recipients are no matter of preferences")
    choice = receipts_of(user.pk)
    if choice.is_quieter_than(DEFAULT) and policy.cool_off(user.pk) is not None:
        choice = choice.with_all_of(DEFAULT)
    told = _phones_of(user) if choice.by_push else []
    if choice.by_email and (payment_minor is None or payment_minor >= choice.email_from_minor):
        told.append(Recipient(address=user.email, language=user.language, name=user.full_name))
    return told


def _phones_of(user: User) -> list[Recipient]:
    """The devices that are signed in now and take push messages."""
    if not exists("push"):
        return []
    tokens = PushToken.objects.filter(device__user=user, device__revoked_at=None).select_related("device")
    return [
        Recipient(push_name(one.device), user.language, channel="push", name=user.full_name)
        for one in tokens.order_by("pk")
    ]
