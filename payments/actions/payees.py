"""Finding somebody to pay: by their exact address, only if they allow it, and without telling who has a wallet."""

from __future__ import annotations

from accounts import policy
from accounts.addresses import read_email
from accounts.limits import network_key
from accounts.models import User
from accounts.phone_numbers import read_phone
from payments import transfer_queries
from payments.errors import CoolingOff, PayeeNotFound
from payments.models import Payee
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.switches import asking
from wallet_site.transactions import recorded

LOOKUPS_PER_HOUR = 15
LOOKUPS_PER_DAY = 40
LOOKUPS_PER_NETWORK_A_DAY = 120
_HOUR, _DAY = 3_600, 86_400


def find_payee(user: User, *, address: str, actor: Actor) -> Payee:
    """The payee who is found by exactly this e-mail address or phone number, kept as one of `user`'s.

    Raises `InvalidInput` for what is neither, `PayeeNotFound` alike for nobody, somebody who does not allow it, a
    closed account and oneself, `CoolingOff` after a credential change, before anything is looked up (requirement 29),
    `Suspended`, `SwitchedOff` and `TooManyTries`: every look-up counts, whatever it finds. A repeat returns the same.
    """
    email, phone = ("", read_phone(address, pointer="/address")) if "@" not in address else (
        read_email(address, pointer="/address"),
        "",
    )  # fmt: skip
    policy.require(user.pk, "sending")
    refuse_in_cool_off(user)
    for name, key, limit, period in (
        ("payee-lookups-hour", str(user.pk), LOOKUPS_PER_HOUR, _HOUR),
        ("payee-lookups-day", str(user.pk), LOOKUPS_PER_DAY, _DAY),
        ("payee-lookups-network", network_key(actor.network), LOOKUPS_PER_NETWORK_A_DAY, _DAY),
    ):
        ratelimit.take(name, key, limit=limit, period_seconds=period)
    with recorded(actor):
        asking.require("sending")
        person = transfer_queries.find_by(user, email=email, phone=phone)
        # The address is not kept: a list of everything that was tried would be the very list we do not give away.
        record(
            "payments:payee:looked_up",
            actor=actor,
            user_id=user.pk,
            data={"by": "email" if email else "phone", "found": person is not None},
        )
        payee = None
        if person is not None:
            payee = write_payee(user.pk, person.pk, Payee.How.EMAIL if email else Payee.How.PHONE)
    if payee is None:
        raise PayeeNotFound
    return payee


def refuse_in_cool_off(user: User) -> None:
    """Raise `CoolingOff` while a credential change keeps new payees away."""
    waits_until = policy.cool_off(user.pk)
    if waits_until is not None:
        raise CoolingOff(ends_at=waits_until.isoformat())


def write_payee(owner_id: int, person_id: int, how: Payee.How) -> Payee:
    """The payee, made or known already, inside the caller's transaction."""
    Payee.objects.bulk_create([Payee(owner_id=owner_id, person_id=person_id, how=how)], ignore_conflicts=True)
    return Payee.objects.select_related("person").get(owner_id=owner_id, person_id=person_id)
