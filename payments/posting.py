"""The only writer of the books. Each function is one call of a database function and raises typed errors.

Amounts are minor units, always above zero. All functions work inside the caller's transaction (`recorded(actor)`), so
that the movement, its audit row and its notices commit together. An event key names one business event: the same
call again answers the first result with `repeated`, another call under the same key raises `EventKeyConflict`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import DatabaseError, connection
from psycopg import Cursor

from payments.errors import (
    BadAmount,
    ConfirmationNeeded,
    CurrencyMismatch,
    EventKeyConflict,
    HoldNotOpen,
    InsufficientFunds,
    LimitReached,
    NothingToSettle,
    NotOver,
    NotSendable,
    PayeeUnavailable,
    RefundTooHigh,
    RequestNotOpen,
    TooManyRequests,
    UnknownAccount,
    WalletClosed,
    WalletFrozen,
)
from payments.models import JournalKind
from wallet_site.errors import Problem

_REFUSALS: dict[str, type[Problem]] = {
    "KK001": EventKeyConflict,
    "KK002": UnknownAccount,
    "KK003": CurrencyMismatch,
    "KK004": InsufficientFunds,
    "KK005": WalletFrozen,
    "KK006": LimitReached,
    "KK007": HoldNotOpen,
    "KK008": RefundTooHigh,
    "KK009": BadAmount,
    "KK010": WalletClosed,
    "KK020": NotOver,
    "KK021": NothingToSettle,
    "KK701": PayeeUnavailable,
    "KK702": NotSendable,
    "KK703": RequestNotOpen,
    "KK705": ConfirmationNeeded,
    "KK707": TooManyRequests,
    "22003": BadAmount,  # the balance would leave the range of a bigint
}


@dataclass(frozen=True, slots=True)
class Posted:
    """A journal in the books. `repeated`: it was there before this call."""

    journal_id: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class LockedWallet:
    """A wallet whose row is locked until the transaction ends: nobody else moves its money meanwhile."""

    account_id: int
    balance: int
    held: int
    spending_frozen: bool
    sending_frozen: bool
    top_up_frozen: bool

    @property
    def available(self) -> int:
        """What can be spent: the balance less what holds keep."""
        return self.balance - self.held


@contextmanager
def typed_refusals() -> Iterator[None]:
    """Turn the ledger's SQLSTATEs into the errors of `payments.errors`. The transaction is then only fit to end."""
    try:
        yield
    except DatabaseError as error:
        refusal = _REFUSALS.get(getattr(error.__cause__, "sqlstate", None) or "")
        if refusal is None:
            raise
        raise refusal from error


def _call(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
    """One round trip. Prepared by the server, which Django's own cursors never are: nearly twice as fast."""
    connection.ensure_connection()
    with typed_refusals(), connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(sql, parameters, prepare=True)
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise LookupError(sql)
    return row


def post(
    *,
    event_key: str,
    kind: JournalKind,
    debit_account_id: int,
    credit_account_id: int,
    amount_minor: int,
    reference: str,
    reversal_of: int | None = None,
) -> Posted:
    """Move `amount_minor` from one account to another.

    Raises `InsufficientFunds`, `WalletFrozen` (by kind: see `ledger_frozen_until`), `UnknownAccount`,
    `CurrencyMismatch`, `BadAmount`, `EventKeyConflict`.
    """
    row = _call(
        "SELECT posted_journal, is_repeat FROM ledger_post(%s, %s, %s, %s::bigint, %s::bigint, %s::bigint, %s::bigint)",
        [event_key, kind, reference, debit_account_id, credit_account_id, amount_minor, reversal_of],
    )
    return Posted(*row)


def post_legs(
    *, event_key: str, kind: JournalKind, legs: dict[int, int], reference: str, reversal_of: int | None = None
) -> Posted:
    """The general form: `legs` maps account ids to signed amounts that sum to zero per currency.

    Raises like `post`; legs that do not balance raise `django.db.DatabaseError`, as that is a bug.
    """
    row = _call(
        "SELECT posted_journal, is_repeat FROM ledger_post_legs(%s, %s, %s, %s::bigint[], %s::bigint[], %s::bigint)",
        [event_key, kind, reference, list(legs), list(legs.values()), reversal_of],
    )
    return Posted(*row)


def post_top_up(
    *, event_key: str, wallet_account_id: int, amount_minor: int, reference: str, currency: str = "JPY"
) -> Posted:
    """Credit a wallet with what a processor has charged; the processor owes it to us from now on.

    A frozen wallet is credited too: the card was charged, so the money is the customer's. Whether a charge may begin
    at all is decided before, under `lock_wallet`.
    """
    row = _call(
        "SELECT posted_journal, is_repeat FROM ledger_post_top_up(%s, %s, %s::bigint, %s, %s::bigint)",
        [event_key, reference, wallet_account_id, currency, amount_minor],
    )
    return Posted(*row)


def own_account(kind: str, *, other_side: int, currency: str = "JPY") -> int:
    """The portal's own account of a kind (its stripe for the account `other_side`). `UnknownAccount` when none."""
    account_id: int | None = _call(
        "SELECT ledger_own_account(%s, %s, %s::bigint)", [kind, currency, other_side]
    )[0]
    if account_id is None:
        raise UnknownAccount
    return account_id


def lock_wallet(customer_id: int, *, currency: str = "JPY") -> LockedWallet:
    """Lock the customer's wallet until the transaction ends and read it. `UnknownAccount` for somebody without one."""
    row = _call(
        "SELECT wallet, balance, held, spending_frozen, sending_frozen, top_up_frozen"
        " FROM ledger_lock_wallet(%s::bigint, %s)",
        [customer_id, currency],
    )
    return LockedWallet(*row)


def close_wallet(customer_id: int, *, currency: str = "JPY") -> bool:
    """Close the customer's empty wallet for good. False for a repeat.

    Raises `WalletClosed` while money, a hold, a charge under way or a sign-in is left, or before the wait is over.
    """
    return bool(_call("SELECT ledger_close_wallet(%s::bigint, %s)", [customer_id, currency])[0])


def goodwill_left(account_id: int) -> int:
    """How much of a wallet's balance is compensation or goodwill, which can be spent but never turned into money."""
    left: int = _call("SELECT ledger_goodwill_left(%s::bigint)", [account_id])[0]
    return left


def lock_for_sending(sender_id: int, recipient_id: int, *, currency: str) -> int:
    """Lock both wallets in order until the transaction ends; returns the sender's. Raises `PayeeUnavailable`."""
    row = _call(
        "SELECT source FROM ledger_lock_for_sending(%s::bigint, %s::bigint, %s)",
        [sender_id, recipient_id, currency],
    )
    return int(row[0])


def send(
    *,
    sender_id: int,
    recipient_id: int,
    idempotency_key: str,
    fingerprint: bytes,
    amount_minor: int,
    currency: str,
    message: str,
    request_id: int | None,
    per_send_minor: int,
    per_day_minor: int,
    per_month_minor: int,
) -> tuple[int, bool]:
    """Count the limits, move the money, write the transfer and close the request that it pays: one call.

    The sender's own limit counts beside `per_day_minor`. Returns the transfer's id and whether it was there before.
    Raises `PayeeUnavailable`, `NotSendable`, `RequestNotOpen`, `LimitReached`, `WalletFrozen`, `InsufficientFunds`,
    `BadAmount`, and `EventKeyConflict` when the key named another transfer.
    """
    row = _call(
        "SELECT transfer, is_repeat FROM ledger_send(%s::bigint, %s::bigint, %s, %s, %s::bigint, %s, %s, %s::bigint,"
        " %s::bigint, %s::bigint, %s::bigint)",
        [
            sender_id,
            recipient_id,
            idempotency_key,
            fingerprint,
            amount_minor,
            currency,
            message,
            request_id,
            per_send_minor,
            per_day_minor,
            per_month_minor,
        ],
    )
    return row[0], row[1]


def place_hold(
    *,
    event_key: str,
    kind: JournalKind,
    account_id: int,
    amount_minor: int,
    reference: str,
    expires_at: datetime,
) -> tuple[int, bool]:
    """Keep money on an account for a capture of `kind`. Returns the hold's id and whether it was there before."""
    row = _call(
        "SELECT placed_hold, is_repeat FROM ledger_place_hold(%s, %s, %s, %s::bigint, %s::bigint, %s)",
        [event_key, kind, reference, account_id, amount_minor, expires_at],
    )
    return row[0], row[1]


def capture_hold(
    hold_id: int, *, event_key: str, kind: JournalKind, credit_account_id: int, amount_minor: int
) -> Posted:
    """Take at most what is held and let the rest go. A second capture or one past its time raises `HoldNotOpen`."""
    row = _call(
        "SELECT ledger_capture_hold(%s::bigint, %s, %s, %s::bigint, %s::bigint)",
        [hold_id, event_key, kind, credit_account_id, amount_minor],
    )
    return Posted(row[0], repeated=False)


def release_hold(hold_id: int) -> bool:
    """Let held money go. False when the hold was no longer open."""
    return bool(_call("SELECT ledger_release_hold(%s::bigint, 'released')", [hold_id])[0])


def expire_hold(hold_id: int) -> bool:
    """Let held money go whose time is over. False when the hold is not open or still has time."""
    return bool(_call("SELECT ledger_release_hold(%s::bigint, 'expired')", [hold_id])[0])


def take_store_payment(
    *,
    terminal_id: int,
    idempotency_key: str,
    fingerprint: bytes,
    reference: str,
    code_digest: bytes,
    amount_minor: int,
    currency: str,
    per_payment_minor: int,
    per_day_minor: int,
    hold_until: datetime | None,
    refusal: str = "",
    risk: dict[str, Any] | None = None,
) -> tuple[int, bool]:
    """Claim the code, count the limit, post and write the payment: one call, approved or declined with a reason.

    `hold_until` None captures at once, else the money is only held until then. `refusal` declines with this reason
    unless the code itself gives another; `risk` ("outcome", "findings", "facts") is kept beside a payment that went
    on, or that was refused by it.

    Returns the payment's id and whether an earlier request with this key made it. Raises `EventKeyConflict` when the
    key named a different request and `django.db.IntegrityError` when the reference did.
    """
    row = _call(
        "SELECT payment, is_repeat FROM ledger_take_store_payment("
        "%s::bigint, %s, %s, %s, %s, %s::bigint, %s, %s::bigint, %s::bigint, %s, %s, %s::jsonb)",
        [
            terminal_id,
            idempotency_key,
            fingerprint,
            reference,
            code_digest,
            amount_minor,
            currency,
            per_payment_minor,
            per_day_minor,
            hold_until,
            refusal,
            json.dumps(risk or {}),
        ],
    )
    return row[0], row[1]


def capture_store_payment(payment_public_id: str, *, amount_minor: int) -> bool:
    """Take at most what was authorized; the rest is let go. True for a repeat of the same capture.

    Raises `HoldNotOpen` after another capture, a cancellation or the end of its time, `BadAmount`, `WalletFrozen`.
    """
    row = _call(
        "SELECT is_repeat FROM ledger_capture_store_payment(%s::uuid, %s::bigint)",
        [payment_public_id, amount_minor],
    )
    return bool(row[0])


def cancel_store_payment(payment_public_id: str, *, expired: bool = False) -> bool:
    """Let the authorized money go. True for a repeat. Raises `HoldNotOpen`, for `expired` also before its time."""
    row = _call(
        "SELECT is_repeat FROM ledger_cancel_store_payment(%s::uuid, %s)", [payment_public_id, expired]
    )
    return bool(row[0])


def refund_store_payment(
    *, terminal_id: int, idempotency_key: str, payment_public_id: str, amount_minor: int
) -> tuple[int, bool]:
    """Give back a part of a captured payment. Returns the refund's id and whether it was there before.

    Raises `RefundTooHigh` when all refunds together would exceed the capture and `EventKeyConflict` like the others.
    """
    row = _call(
        "SELECT refund, is_repeat FROM ledger_refund_store_payment(%s::bigint, %s, %s::uuid, %s::bigint)",
        [terminal_id, idempotency_key, payment_public_id, amount_minor],
    )
    return row[0], row[1]


def settle_merchant(merchant_id: int, *, day: date, currency: str = "JPY") -> tuple[int, bool]:
    """Post one day of a merchant, net of refunds and fee, from its payables to what it is to be paid out.

    Returns the settlement's id and whether it was there before. Raises `NotOver` for a day in Tokyo that is not over or
    lies before one that is settled, and `NothingToSettle`.
    """
    row = _call(
        "SELECT settlement, is_repeat FROM ledger_settle_merchant(%s::bigint, %s::date, %s)",
        [merchant_id, day, currency],
    )
    return row[0], row[1]


def make_statements(month: date, *, after: int, count: int) -> tuple[int, int | None]:
    """Close `month` for the next `count` wallets above the id `after`; wallets that have that statement keep it.

    Returns how many were made and the last wallet's id, None when there was none. Raises `NotOver`.
    """
    row = _call(
        "SELECT made, last_account FROM ledger_make_statements(%s::date, %s::bigint, %s::int)",
        [month, after, count],
    )
    return row[0], row[1]
