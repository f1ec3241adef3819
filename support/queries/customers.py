"""What the desk sees of one customer at a glance: one query over all the tables that know something."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Suspension, User
from accounts.policy import restrictions
from payments.models import OwnLimit
from support.models import Approval, Case

# Factors and devices by kind and date; secrets are never read.
_OVERVIEW = """
SELECT jsonb_build_object(
    'wallet', (SELECT jsonb_build_object('balance', a.balance, 'held', a.held) FROM payments_account a
               WHERE a.owner_id = %(user)s AND a.kind = 'wallet' AND a.currency = 'JPY' AND a.stripe = 0),
    'cards', (SELECT jsonb_agg(jsonb_build_object('brand', c.brand, 'last_four', c.last_four, 'state', c.state,
                  'month', c.expiry_month, 'year', c.expiry_year, 'at', c.linked_at) ORDER BY c.id DESC)
              FROM payments_card c WHERE c.user_id = %(user)s AND c.state <> 'removed'),
    'factors', (SELECT jsonb_agg(f ORDER BY f.kind, f.at) FROM (
                    SELECT 'passkey' AS kind, p.name, p.created_at AS at, p.last_used_at AS used_at
                    FROM accounts_passkey p WHERE p.user_id = %(user)s AND p.confirmed
                    UNION ALL SELECT 'totp', t.name, t.created_at, t.last_used_at
                    FROM accounts_totpdevice t WHERE t.user_id = %(user)s AND t.confirmed) f),
    'recovery', (SELECT jsonb_build_object('at', s.created_at, 'left', (SELECT count(*) FROM accounts_recoverycode k
                     WHERE k.code_set_id = s.id AND k.used_at IS NULL))
                 FROM accounts_recoverycodeset s WHERE s.user_id = %(user)s AND s.confirmed),
    'sessions', (SELECT jsonb_agg(s) FROM (
                     SELECT i.public_id AS id, i.device, host(i.network) AS network, i.factor,
                            i.started_at AS at, i.last_seen_at AS seen_at
                     FROM accounts_signin i WHERE i.user_id = %(user)s AND i.ended_at IS NULL
                     ORDER BY i.last_seen_at DESC LIMIT 10) s),
    'apps', (SELECT jsonb_agg(d) FROM (
                 SELECT d.public_id AS id, d.name AS device, host(d.network) AS network, d.factor,
                        d.created_at AS at, d.last_seen_at AS seen_at
                 FROM accounts_apidevice d WHERE d.user_id = %(user)s AND d.revoked_at IS NULL
                 ORDER BY d.last_seen_at DESC LIMIT 10) d),
    'notes', (SELECT jsonb_agg(n) FROM (
                  SELECT n.text, n.made_at AS at, u.full_name AS by FROM support_note n
                  JOIN accounts_user u ON u.id = n.made_by_id
                  WHERE n.customer_id = %(user)s ORDER BY n.id DESC LIMIT 20) n),
    'closing', (SELECT jsonb_build_object('state', c.state, 'closes_at', c.closes_at, 'ended_at', c.ended_at,
                    'held_up_by', c.held_up_by)
                FROM payments_closure c WHERE c.user_id = %(user)s AND c.state <> 'called_off'),
    'claims', (SELECT jsonb_agg(k) FROM (
                   SELECT k.public_id, k.amount, k.way, k.state, k.reason, k.refused_because, k.made_at, k.paid_at
                   FROM payments_claim k WHERE k.user_id = %(user)s ORDER BY k.id DESC LIMIT 50) k),
    'limits', (SELECT jsonb_agg(l ORDER BY l.kind) FROM (
                   SELECT o.kind, payments_own_limit(o.user_id, o.kind) AS amount,
                          o.next_amount, CASE WHEN o.next_at > clock_timestamp() THEN o.next_at END AS next_at
                   FROM payments_ownlimit o WHERE o.user_id = %(user)s) l
               WHERE l.amount IS NOT NULL OR l.next_at IS NOT NULL),
    'auto', (SELECT jsonb_build_object('amount', t.amount, 'threshold', t.threshold)
             FROM payments_autotopup t WHERE t.user_id = %(user)s AND t.is_on),
    'former', (SELECT jsonb_agg(DISTINCT f.email) FROM accounts_formeraddress f WHERE f.user_id = %(user)s))
"""


@dataclass(frozen=True, slots=True)
class Overview:
    """The head and the sides of a customer's page. Amounts are yen."""

    balance: int
    held: int
    cards: list[dict[str, Any]]
    factors: list[dict[str, Any]]
    recovery: dict[str, Any] | None
    devices: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    former_addresses: list[str]
    closing: dict[str, Any] | None
    claims: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    auto_top_up: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Restriction:
    """A live suspension, and the request to lift it that waits, if one does."""

    suspension: Suspension
    waiting: Approval | None


def overview(customer: User) -> Overview:
    """One query; a customer without a wallet shows zeros."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERVIEW, {"user": customer.pk})
        found: dict[str, Any] = _read(cursor.fetchone()[0])
    wallet = found["wallet"] or {"balance": 0, "held": 0}
    return Overview(
        balance=wallet["balance"],
        held=wallet["held"],
        cards=found["cards"] or [],
        factors=found["factors"] or [],
        recovery=found["recovery"],
        devices=[*(found["sessions"] or []), *({**app, "is_app": True} for app in found["apps"] or [])],
        notes=found["notes"] or [],
        former_addresses=found["former"] or [],
        closing=found["closing"],
        claims=found["claims"] or [],
        limits=[{**one, "label": OwnLimit.Kind(one["kind"]).label} for one in found["limits"] or []],
        auto_top_up=found["auto"],
    )


def _read(value: str | dict[str, Any]) -> dict[str, Any]:
    """JSON as Python, its moments as datetimes."""
    text = value if isinstance(value, str) else json.dumps(value)
    facts: dict[str, Any] = json.loads(text, object_hook=_with_moments)
    return facts


def _with_moments(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        key: datetime.fromisoformat(value) if key.endswith("at") and isinstance(value, str) else value
        for key, value in facts.items()
    }


def live_restrictions(customer: User) -> list[Restriction]:
    """What is stopped now, newest first, each with the request to lift it. Two queries."""
    live = restrictions(customer.pk)
    if not live:
        return []
    waiting = Approval.objects.filter(
        kind="lift_suspension", subject_id__in=[one.pk for one in live], state=Approval.State.WAITING
    )
    by_suspension = {one.subject_id: one for one in waiting if not one.is_over}
    return [Restriction(one, by_suspension.get(one.pk)) for one in live]


def open_cases_of(customer: User) -> list[Case]:
    """The open cases about a customer, the one that is due first on top."""
    cases = Case.objects.filter(customer=customer, state=Case.State.OPEN)
    return list(cases.select_related("owner", "undo__change").order_by("due_at"))
