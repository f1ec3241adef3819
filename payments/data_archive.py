"""What a copy of one's own data holds: a ZIP file with all of it as JSON, and each list as CSV for a spreadsheet.

Every column is named here, one by one: a secret (seed, hash, digest, token) has none. What the desk writes for itself
and what others did is not the customer's own data and is not in it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.encoding import force_str

from accounts.models import (
    ApiDevice,
    ContactChange,
    CredentialChange,
    FormerAddress,
    NoticeAddress,
    NoticePreference,
    PushToken,
    RecoveryCodeSet,
    SignIn,
    SignInAttempt,
    Suspension,
    User,
)
from accounts.two_factor.methods import list_factors
from payments.models import (
    AccountKind,
    AutoTopUp,
    Card,
    Claim,
    Closure,
    Dispute,
    Entry,
    Findability,
    MoneyRequest,
    OwnLimit,
    Payment,
    PaymentReport,
    Refund,
    TopUp,
    Transfer,
)
from wallet_site.audit.models import AuditRow
from wallet_site.outbox.models import Delivery
from wallet_site.spreadsheets import csv_lines

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One list of the copy."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]


def archive_of(user: User) -> bytes:
    """The whole copy. Reads everything in the caller's transaction, changes nothing."""
    parts = parts_of(user)
    everything = {part.name: [_named(part, row) for row in part.rows] for part in parts}
    about = {"made_at": timezone.now(), "operator": settings.OPERATOR_NAME, "format": 1}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", _json({"about": about, **everything}))
        for part in parts:
            archive.writestr(f"{part.name}.csv", "".join(csv_lines(part.columns, map(_plain, part.rows))))
    return file.getvalue()


def _named(part: Part, row: Row) -> dict[str, Any]:
    return dict(zip(part.columns, row, strict=True))


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, default=_text)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else force_str(value)


def _plain(row: Row) -> Row:
    return [_text(value) if isinstance(value, datetime) else value for value in row]


def parts_of(user: User) -> list[Part]:
    """Every list, in the order in which people read them."""
    return [*_who(user), *_access(user), *_money(user)]


def _who(user: User) -> Iterable[Part]:
    columns = ("customer_number", "name", "email", "phone", "language", "joined_at")
    values = (
        user.customer_number, user.full_name, user.email, user.phone, user.language, user.created_at
    )  # fmt: skip
    yield Part("profile", columns, [values])
    yield _part(
        "receipts",
        NoticePreference.objects.filter(user=user),
        by_email="receipts_by_email", by_push="receipts_by_push", payments_mailed_from="email_from_minor",
        chosen_at="changed_at",
    )  # fmt: skip
    yield Part("contacts", ("kind", "value", "since", "until"), _contacts(user))
    yield _part(
        "suspensions",
        Suspension.objects.filter(user=user).order_by("pk"),
        what="scope", why="reason_code", by="channel", begins_at="starts_at", ends_at="ends_at",
        lifted_at="lifted_at",
    )  # fmt: skip
    yield _part(
        "notices",
        Delivery.objects.filter(event__user_id=user.pk).order_by("pk"),
        topic="event__topic", channel="channel", address="address", subject="subject", state="state",
        owed_at="event__created_at", sent_at="sent_at",
    )  # fmt: skip


def _contacts(user: User) -> list[Row]:
    rows: list[Row] = [("email", user.email, user.created_at, None)]
    rows += [("phone", user.phone, None, None)] if user.phone else []
    second = NoticeAddress.objects.filter(user=user).values_list("email", "confirmed_at")
    rows += [("second address for notices", email, at, None) for email, at in second]
    pushed = PushToken.objects.filter(device__user=user).select_related("device").order_by("pk")
    rows += [(f"push messages ({one.provider})", one.device.name, one.registered_at, None) for one in pushed]
    former = FormerAddress.objects.filter(user=user).order_by("pk")
    rows += [("former address", one.email, one.replaced_at, one.told_until) for one in former]
    pending = ContactChange.objects.filter(user=user).order_by("pk")
    rows += [
        (f"new {one.kind}, not confirmed", one.new_value, one.created_at, one.expires_at) for one in pending
    ]
    return rows


def _access(user: User) -> Iterable[Part]:
    factors: list[Row] = [
        (factor.method, factor.name, factor.created_at, factor.last_used_at) for factor in list_factors(user)
    ]
    sets = RecoveryCodeSet.objects.filter(user=user, confirmed=True)
    factors += [
        ("recovery codes", "", made_at, None) for made_at in sets.values_list("created_at", flat=True)
    ]
    yield Part("factors", ("kind", "name", "added_at", "last_used_at"), factors)
    yield _part(
        "sign_ins",
        SignIn.objects.filter(user=user).order_by("pk"),
        device="device", network="network", factor="factor", began_at="started_at", last_seen_at="last_seen_at",
        ended_at="ended_at", ended_because="ended_why",
    )  # fmt: skip
    yield _part(
        "sign_in_attempts",
        SignInAttempt.objects.filter(user=user).order_by("pk"),
        at="at", result="result", channel="channel", factor="factor", device="device", network="network",
        new_device="is_new_device", new_network="is_new_network",
    )  # fmt: skip
    yield _part(
        "apps",
        ApiDevice.objects.filter(user=user).order_by("pk"),
        name="name", network="network", first_seen_at="created_at", last_seen_at="last_seen_at",
        signed_out_at="revoked_at", signed_out_because="revoked_why",
    )  # fmt: skip
    yield _part(
        "credential_changes",
        CredentialChange.objects.filter(user=user).order_by("pk"),
        what="kind", before="old_value", after="new_value", at="at", by="actor__kind", device="actor__device",
        network="actor__network",
    )  # fmt: skip


def _money(user: User) -> Iterable[Part]:
    yield _part(
        "cards",
        Card.objects.filter(user=user).order_by("pk"),
        brand="brand", last_four="last_four", expiry_month="expiry_month", expiry_year="expiry_year",
        country="country", state="state", linked_at="linked_at", ended_at="ended_at",
    )  # fmt: skip
    yield _part(
        "top_ups",
        TopUp.objects.filter(user=user).order_by("pk"),
        id="public_id", amount="amount", currency="currency", card_brand="card__brand",
        card_last_four="card__last_four", state="state", why_not="failure_reason", network="network", device="device",
        at="created_at",
    )  # fmt: skip
    yield _part(
        "payments",
        Payment.objects.filter(customer=user).order_by("pk"),
        id="public_id", merchant="store__merchant__name", store="store__name", amount="amount", currency="currency",
        state="status", captured="captured", refunded="refunded", at="made_at",
    )  # fmt: skip
    yield _part(
        "refunds",
        Refund.objects.filter(payment__customer=user).order_by("pk"),
        id="public_id", payment="payment__public_id", amount="amount", at="made_at",
    )  # fmt: skip
    yield _part(
        "entries",
        Entry.objects.filter(account__owner=user, account__kind=AccountKind.WALLET).order_by("account_seq"),
        number="account_seq", kind="journal__kind", amount="amount", balance_after="balance_after",
        transaction="journal_id", at="journal__occurred_at",
    )  # fmt: skip
    sent = {
        "id": "public_id",
        "amount": "amount",
        "currency": "currency",
        "message": "message",
        "at": "made_at",
    }
    yield _part("transfers_sent", Transfer.objects.filter(sender=user).order_by("pk"), **sent)
    yield _part("transfers_received", Transfer.objects.filter(recipient=user).order_by("pk"), **sent)
    asked = {
        "id": "public_id",
        "amount": "amount",
        "currency": "currency",
        "message": "message",
        "state": "state",
    }
    asked |= {"at": "created_at", "ended_at": "closed_at"}
    yield _part("requests_made", MoneyRequest.objects.filter(requester=user).order_by("pk"), **asked)
    yield _part("requests_received", MoneyRequest.objects.filter(payer=user).order_by("pk"), **asked)
    yield _part(
        "own_limits",
        OwnLimit.objects.filter(user=user).order_by("pk"),
        kind="kind", amount="amount", next_amount="next_amount", next_at="next_at",
    )  # fmt: skip
    yield _part(
        "own_limit_changes",
        AuditRow.objects.filter(user_id=user.pk, action__startswith="payments:limit:").order_by("pk"),
        what="action", kind="data__kind", before="data__old_minor", after="data__new_minor", at="at",
    )  # fmt: skip
    yield _part(
        "automatic_top_up",
        AutoTopUp.objects.filter(user=user),
        is_on="is_on", threshold="threshold", amount="amount", card_last_four="card__last_four",
    )  # fmt: skip
    yield _part(
        "found_by", Findability.objects.filter(user=user), by_email="by_email", by_phone="by_phone",
        changed_at="changed_at",
    )  # fmt: skip
    yield _part(
        "claims",
        Claim.objects.filter(user=user).order_by("pk"),
        id="public_id", amount="amount", currency="currency", reason="reason", way="way", state="state",
        made_at="made_at", paid_at="paid_at",
    )  # fmt: skip
    yield _part(
        "disputes",
        Dispute.objects.filter(top_up__user=user).order_by("pk"),
        id="public_id", top_up="top_up__public_id", amount="amount", currency="currency",
        taken_from_wallet="from_wallet", state="state", bank_says="reason", opened_at="opened_at",
        closed_at="closed_at", you_said="customer_said", your_words="customer_text", said_at="customer_said_at",
    )  # fmt: skip
    yield _part(
        "payment_reports",
        PaymentReport.objects.filter(user=user).order_by("pk"),
        id="public_id", transaction="journal_id", your_words="text", at="made_at",
    )  # fmt: skip
    yield _part(
        "closings",
        Closure.objects.filter(user=user).order_by("pk"),
        state="state", asked_at="asked_at", closes_at="closes_at", ended_at="ended_at",
    )  # fmt: skip


def _part(name: str, rows: QuerySet[Any], /, **columns: str) -> Part:
    """Exactly these columns (name in the copy = field), in one query."""
    found = rows.values_list(*(F(field) for field in columns.values()))
    return Part(name, tuple(columns), list(found))
