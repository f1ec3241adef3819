"""Whether others may find a customer by address or number, to send them money."""

from __future__ import annotations

from accounts.models import User
from payments.models import Findability
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


def change_findability(user: User, *, by_email: bool, by_phone: bool, actor: Actor) -> Findability:
    """From now on `user` is found by these and no others. Who found them before still can pay them. A repeat changes
    nothing."""
    with recorded(actor):
        known, made = Findability.objects.select_for_update().get_or_create(user=user)
        if made or (known.by_email, known.by_phone) != (by_email, by_phone):
            known.by_email, known.by_phone = by_email, by_phone
            known.save(update_fields=["by_email", "by_phone"])
            record(
                "payments:findability:changed",
                actor=actor,
                subject=known,
                user_id=user.pk,
                data={"by_email": by_email, "by_phone": by_phone},
            )
    return known
