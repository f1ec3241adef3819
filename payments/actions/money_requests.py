"""Asking somebody for money: they pay it, which is a send with all of its guards, or decline; or its time runs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import policy
from accounts.models import User
from payments import send_limits, transfer_queries
from payments.actions.payees import write_payee
from payments.actions.transfers import Sent, limit_refusal, read_message, send_money
from payments.errors import BadAmount, RequestNotFound, RequestNotOpen
from payments.models import MoneyRequest, Payee, RequestBlock, RequestState, Transfer
from payments.posting import typed_refusals
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, NotFound
from wallet_site.idempotency.once import KeyReused, fingerprint
from wallet_site.outbox.owing import owe
from wallet_site.switches import asking
from wallet_site.transactions import recorded

OPEN_FOR = timedelta(days=7)
# How many may be open is the database's to count; this is how many may be made.
REQUESTS_PER_DAY = 20
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class MadeRequest:
    """A request for money; `repeated` when an earlier request with the same key had made it."""

    request: MoneyRequest
    repeated: bool


def ask_for_money(
    user: User, *, payee_id: UUID, amount_minor: int, message: str, request_key: str, actor: Actor
) -> MadeRequest:
    """Ask one of `user`'s payees for money, for seven days; they are told. A repeat with the key asks nothing anew.

    Raises `PayeeNotFound`, `PayeeUnavailable` (alike for who has blocked these requests and who has no wallet any
    more), `TooManyRequests`, `TooManyTries`, `BadAmount`, `SendLimitReached` for what could not be paid in one,
    `InvalidInput`, `KeyReused`, `Suspended` and `SwitchedOff`.
    """
    payee = transfer_queries.payee_of(user.pk, payee_id)
    said = read_message(message)
    asked = fingerprint("request", str(payee.public_id), str(amount_minor), said)
    if (known := _known(user, request_key, asked)) is not None:
        return known
    policy.require(user.pk, "sending")
    if not 0 < amount_minor < 2**63:
        raise BadAmount(errors=[FieldError("/amount", BadAmount.detail, BadAmount.code)])
    per_send = settings.SEND_PER_SEND
    if amount_minor > per_send:
        raise limit_refusal(send_limits.Limit(send_limits.Rule.PER_SEND, per_send, 0, None))
    ratelimit.take("money-requests", str(user.pk), limit=REQUESTS_PER_DAY, period_seconds=_DAY_SECONDS)
    with recorded(actor):
        # Two with one key: the second waits for the first and finds it.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if (known := _known(user, request_key, asked)) is not None:
            return known
        asking.require("sending")
        with typed_refusals(), transaction.atomic():
            request = MoneyRequest.objects.create(
                requester=user,
                payer=payee.person,
                amount=amount_minor,
                currency=settings.CURRENCY,
                message=said,
                request_key=request_key,
                fingerprint=asked,
                expires_at=timezone.now() + OPEN_FOR,
            )
        write_payee(payee.person_id, user.pk, Payee.How.REQUEST)
        _note("payments:request:made", request, user.pk, actor)
        owe(
            "payments:request:made",
            key=f"request:{request.public_id}",
            payload={"request": str(request.public_id)},
            user_id=request.payer_id,
        )
    return MadeRequest(request, repeated=False)


def _known(user: User, key: str, asked: bytes) -> MadeRequest | None:
    found = MoneyRequest.objects.filter(requester=user, request_key=key).first()
    if found is None:
        return None
    if bytes(found.fingerprint) != asked:
        raise KeyReused
    return MadeRequest(found, repeated=True)


def pay_request(user: User, *, request_id: UUID, request_key: str, actor: Actor) -> Sent:
    """Send what was asked for to who asked; raises like `send_money`, and `RequestNotOpen`. A repeat answers the first.

    Raises `RequestNotFound` for a request that is not put to `user`.
    """
    request = _put_to(user, request_id)
    payee = Payee.objects.get(owner=user, person_id=request.requester_id)
    mine = Transfer.objects.filter(sender=user, idempotency_key=request_key)
    if not _is_open(request) and not mine.exists():
        raise RequestNotOpen
    return send_money(
        user,
        payee_id=payee.public_id,
        amount_minor=request.amount,
        message=request.message,
        request_key=request_key,
        actor=actor,
        request=request,
    )


def decline_request(user: User, *, request_id: UUID, block: bool = False, actor: Actor) -> MoneyRequest:
    """Say no; with `block` no further request of this person reaches `user`. A repeat changes nothing.

    Raises `RequestNotFound` for a request that is not put to `user`, `RequestNotOpen` once it was paid.
    """
    request = _put_to(user, request_id)
    with recorded(actor):
        request = _close(request, RequestState.DECLINED, actor)
        if block:
            write_block(user, request.requester_id, actor)
    return request


def cancel_request(user: User, *, request_id: UUID, actor: Actor) -> MoneyRequest:
    """Take one's own request back. Raises `RequestNotFound`, and `RequestNotOpen` once it was paid or declined."""
    request = transfer_queries.request_of(user.pk, request_id)
    if request.requester_id != user.pk:
        raise RequestNotFound
    with recorded(actor):
        return _close(request, RequestState.CANCELLED, actor)


def write_block(user: User, blocked_id: int, actor: Actor) -> None:
    """No more requests of `blocked_id`, and those that are open are declined; inside the caller's transaction."""
    RequestBlock.objects.bulk_create([RequestBlock(owner=user, blocked_id=blocked_id)], ignore_conflicts=True)
    still_open = MoneyRequest.objects.filter(payer=user, requester_id=blocked_id, state=RequestState.OPEN)
    still_open.update(state=RequestState.DECLINED, closed_at=Now())
    record("payments:requests:blocked", actor=actor, user_id=user.pk, data={"blocked": blocked_id})


def unblock_requester(user: User, *, block_id: int, actor: Actor) -> None:
    """Let the requests of somebody reach `user` again. Raises `NotFound` for no block, or another's."""
    with recorded(actor):
        if not RequestBlock.objects.filter(owner=user, pk=block_id).delete()[0]:
            raise NotFound
        record("payments:requests:unblocked", actor=actor, user_id=user.pk)


def expire_requests(actor: Actor) -> int:
    """Close every request whose time is over. Returns how many; a repeat finds none."""
    with recorded(actor):
        due = list(
            MoneyRequest.objects.select_for_update(skip_locked=True)
            .filter(state=RequestState.OPEN, expires_at__lte=Now())
            .order_by("expires_at")[:500]
        )
        for request in due:
            request.state = RequestState.EXPIRED
            request.closed_at = timezone.now()
            request.save(update_fields=["state", "closed_at"])
            _note("clock:request:expired", request, request.requester_id, actor)
    return len(due)


def _put_to(user: User, request_id: UUID) -> MoneyRequest:
    request = transfer_queries.request_of(user.pk, request_id)
    if request.payer_id != user.pk:
        raise RequestNotFound
    return request


def _is_open(request: MoneyRequest) -> bool:
    return request.state == RequestState.OPEN and request.expires_at > timezone.now()


def _close(request: MoneyRequest, state: RequestState, actor: Actor) -> MoneyRequest:
    locked = MoneyRequest.objects.select_for_update().get(pk=request.pk)
    if locked.state == state:
        return locked
    if locked.state != RequestState.OPEN:
        raise RequestNotOpen
    locked.state = state
    locked.closed_at = timezone.now()
    locked.save(update_fields=["state", "closed_at"])
    _note(f"payments:request:{state.value}", locked, locked.requester_id, actor)
    return locked


def _note(action: str, request: MoneyRequest, user_id: int, actor: Actor) -> None:
    record(
        action,
        actor=actor,
        subject=request,
        user_id=user_id,
        data={"amount_minor": request.amount, "request": str(request.public_id)},
    )
