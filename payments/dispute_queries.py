"""Reading disputes through their owner: somebody else's id answers like none at all."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from payments.errors import DisputeNotFound
from payments.models import Dispute


def disputes_of(user: User) -> QuerySet[Dispute]:
    """A customer's disputed charges, newest first."""
    return Dispute.objects.filter(top_up__user=user).select_related("top_up__card").order_by("-id")


def dispute_of(user: User, public_id: UUID) -> Dispute:
    """A dispute of this customer; raises DisputeNotFound."""
    try:
        return disputes_of(user).get(public_id=public_id)
    except Dispute.DoesNotExist:
        raise DisputeNotFound from None
