"""Reading disputes through their owner: somebody else's id answers like none at all."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from payments.errors import DisputeNotFound
from payments.models import Dispute, DisputeState, TopUp


def contested() -> QuerySet[TopUp]:
    """The charges whose money the card's holder takes back, or has taken back: disputed, and not won by us."""
    return TopUp.objects.filter(dispute__isnull=False).exclude(dispute__state=DisputeState.WON)


def is_contested(top_up_id: int | None) -> bool:
    """Whether this charge is one of them; no charge is none."""
    return top_up_id is not None and contested().filter(pk=top_up_id).exists()


def disputes_of(user: User) -> QuerySet[Dispute]:
    """A customer's disputed charges, newest first."""
    return Dispute.objects.filter(top_up__user=user).select_related("top_up__card").order_by("-id")


def dispute_of(user: User, public_id: UUID) -> Dispute:
    """A dispute of this customer; raises DisputeNotFound."""
    try:
        return disputes_of(user).get(public_id=public_id)
    except Dispute.DoesNotExist:
        raise DisputeNotFound from None
