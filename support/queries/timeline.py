"""Everything that happened to one customer, newest first, in one query, paged by key.

Each source yields at most one page of rows by an index of its own; the database merges them. A row's key is (time,
source, id), so rows of the same moment neither vanish nor come twice between two pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection

Kind = Literal["money", "sign_in", "change", "notice", "restriction", "staff"]
KINDS: tuple[Kind, ...] = ("money", "sign_in", "change", "notice", "restriction", "staff")
PAGE = 25


@dataclass(frozen=True, slots=True)
class Cursor:
    """The key of the last row shown."""

    at: datetime
    rank: int
    row_id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.rank}~{self.row_id}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor in an address; None for none or for anything that is not one."""
        try:
            at, rank, row_id = text.split("~")
            cursor = cls(datetime.fromisoformat(at), int(rank), int(row_id))
        except ValueError:
            return None
        fits = cursor.at.tzinfo is not None and 0 <= cursor.rank < 100 and abs(cursor.row_id) < 2**63
        return cursor if fits else None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened. `source` says what `facts` hold; words are made by `support.timeline_words`."""

    kind: Kind
    source: str
    at: datetime
    rank: int
    row_id: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: a SELECT of (at, id, facts) with `{cut}` for the page's condition on its `at` and `id`."""

    kind: Kind
    name: str
    at: str
    row_id: str
    select: str


_NAME_OF_ACTOR = "(SELECT u.full_name FROM accounts_user u WHERE u.id = ({actor} ->> 'user_id')::bigint)"

SOURCES: tuple[Source, ...] = (
    Source(
        "money", "entry", "j.occurred_at", "e.account_seq",
        """
        SELECT m.at, m.row_id, m.facts || jsonb_build_object(
            'store', s.name, 'brand', c.brand, 'last_four', c.last_four, 'automatic', t.automatic,
            'other', coalesce(o.customer_number, '')) FROM (
            SELECT j.occurred_at AS at, e.account_seq AS row_id, j.id AS journal_id, jsonb_build_object(
                'journal_id', j.id, 'kind', j.kind, 'amount', e.amount, 'balance', e.balance_after) AS facts
            FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
            WHERE e.account_id = (SELECT a.id FROM payments_account a WHERE a.owner_id = %(user)s
                                  AND a.kind = 'wallet' AND a.currency = 'JPY' AND a.stripe = 0) AND {cut}
            ORDER BY e.account_seq DESC LIMIT %(limit)s) m
        LEFT JOIN payments_payment p ON p.journal_id = m.journal_id
        LEFT JOIN payments_refund r ON r.journal_id = m.journal_id
        LEFT JOIN payments_payment rp ON rp.id = r.payment_id
        LEFT JOIN payments_store s ON s.id = coalesce(p.store_id, rp.store_id)
        LEFT JOIN payments_topup t ON t.journal_id = m.journal_id
        LEFT JOIN payments_card c ON c.id = t.card_id
        LEFT JOIN payments_transfer x ON x.journal_id = m.journal_id
        LEFT JOIN accounts_user o ON o.id = CASE x.sender_id WHEN %(user)s THEN x.recipient_id ELSE x.sender_id END""",
    ),
    Source(
        "money", "declined", "p.made_at", "p.id",
        """
        SELECT p.made_at AS at, p.id AS row_id, jsonb_build_object(
            'amount', p.amount, 'reason', p.decline_reason, 'store', s.name) AS facts
        FROM payments_payment p JOIN payments_store s ON s.id = p.store_id
        WHERE p.customer_id = %(user)s AND p.status = 'declined' AND {cut}
        ORDER BY p.made_at DESC, p.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "money", "top_up_failed", "t.changed_at", "t.id",
        """
        SELECT t.changed_at AS at, t.id AS row_id, jsonb_build_object(
            'amount', t.amount, 'reason', t.failure_reason, 'brand', c.brand, 'last_four', c.last_four) AS facts
        FROM payments_topup t JOIN payments_card c ON c.id = t.card_id
        WHERE t.user_id = %(user)s AND t.state = 'failed' AND {cut}
        ORDER BY t.changed_at DESC, t.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "money", "requested", "r.created_at", "r.id",
        """
        SELECT r.created_at AS at, r.id AS row_id, jsonb_build_object('amount', r.amount, 'state', r.state,
            'made', true, 'other', o.customer_number) AS facts
        FROM payments_moneyrequest r JOIN accounts_user o ON o.id = r.payer_id
        WHERE r.requester_id = %(user)s AND {cut} ORDER BY r.created_at DESC, r.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "money", "asked", "r.created_at", "r.id",
        """
        SELECT r.created_at AS at, r.id AS row_id, jsonb_build_object('amount', r.amount, 'state', r.state,
            'made', false, 'other', o.customer_number) AS facts
        FROM payments_moneyrequest r JOIN accounts_user o ON o.id = r.requester_id
        WHERE r.payer_id = %(user)s AND {cut} ORDER BY r.created_at DESC, r.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "change", "own_rule", "a.at", "a.id",
        """
        SELECT a.at, a.id AS row_id, jsonb_build_object('action', a.action, 'data', a.data) AS facts
        FROM audit_auditrow a
        WHERE a.user_id = %(user)s AND a.action IN ('payments:limit:lowered', 'payments:limit:raise_asked',
            'payments:auto_top_up:on', 'payments:auto_top_up:off', 'payments:findability:changed') AND {cut}
        ORDER BY a.at DESC, a.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "sign_in", "session", "i.started_at", "i.id",
        """
        SELECT i.started_at AS at, i.id AS row_id, jsonb_build_object('device', i.device, 'network', host(i.network),
            'factor', i.factor, 'ended_at', i.ended_at, 'ended_why', i.ended_why) AS facts
        FROM accounts_signin i WHERE i.user_id = %(user)s AND {cut}
        ORDER BY i.started_at DESC, i.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "sign_in", "wrong_code", "a.at", "a.id",
        """
        SELECT a.at, a.id AS row_id, a.actor AS facts FROM audit_auditrow a
        WHERE a.user_id = %(user)s AND a.action = 'accounts:factor:wrong_code' AND {cut}
        ORDER BY a.at DESC, a.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "change", "credential", "c.at", "c.id",
        """
        SELECT c.at, c.id AS row_id, jsonb_build_object('kind', c.kind, 'old', c.old_value, 'new', c.new_value,
            'actor', c.actor, 'undone', EXISTS (SELECT FROM accounts_changeundo n WHERE n.change_id = c.id)) AS facts
        FROM accounts_credentialchange c
        WHERE c.user_id = %(user)s AND c.kind <> 'password_rehashed' AND {cut}
        ORDER BY c.at DESC, c.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "change", "card_linked", "c.linked_at", "c.id",
        """
        SELECT c.linked_at AS at, c.id AS row_id,
            jsonb_build_object('brand', c.brand, 'last_four', c.last_four) AS facts
        FROM payments_card c WHERE c.user_id = %(user)s AND {cut}
        ORDER BY c.linked_at DESC, c.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "change", "card_ended", "c.ended_at", "c.id",
        """
        SELECT c.ended_at AS at, c.id AS row_id, jsonb_build_object('brand', c.brand, 'last_four', c.last_four,
            'why', c.ended_why) AS facts
        FROM payments_card c WHERE c.user_id = %(user)s AND c.ended_at IS NOT NULL AND {cut}
        ORDER BY c.ended_at DESC, c.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "notice", "notice", "e.created_at", "e.id",
        """
        SELECT e.at, e.row_id, jsonb_build_object('topic', e.topic, 'deliveries', (
            SELECT jsonb_agg(jsonb_build_object('channel', d.channel, 'address', d.address, 'state', d.state,
                'sent_at', d.sent_at, 'error', d.last_error) ORDER BY d.id)
            FROM outbox_delivery d WHERE d.event_id = e.row_id)) FROM (
            SELECT e.created_at AS at, e.id AS row_id, e.topic FROM outbox_event e
            WHERE e.user_id = %(user)s AND {cut}
            ORDER BY e.created_at DESC, e.id DESC LIMIT %(limit)s) e""",
    ),
    Source(
        "restriction", "stopped", "s.made_at", "s.id",
        """
        SELECT s.made_at AS at, s.id AS row_id, jsonb_build_object('scope', s.scope, 'reason_code', s.reason_code,
            'reason', s.reason, 'channel', s.channel, 'ends_at', s.ends_at, 'by', u.full_name) AS facts
        FROM accounts_suspension s LEFT JOIN accounts_user u ON u.id = s.made_by_id
        WHERE s.user_id = %(user)s AND {cut}
        ORDER BY s.made_at DESC, s.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "restriction", "lifted", "s.lifted_at", "s.id",
        """
        SELECT s.lifted_at AS at, s.id AS row_id, jsonb_build_object('scope', s.scope, 'reason', s.lift_reason,
            'by', u.full_name) AS facts
        FROM accounts_suspension s LEFT JOIN accounts_user u ON u.id = s.lifted_by_id
        WHERE s.user_id = %(user)s AND s.lifted_at IS NOT NULL AND {cut}
        ORDER BY s.lifted_at DESC, s.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "staff", "case", "k.opened_at", "k.id",
        """
        SELECT k.opened_at AS at, k.id AS row_id, jsonb_build_object('queue', k.queue, 'subject', k.subject) AS facts
        FROM support_case k WHERE k.customer_id = %(user)s AND k.opened_by_id IS NULL AND {cut}
        ORDER BY k.opened_at DESC, k.id DESC LIMIT %(limit)s""",
    ),
    Source(
        "staff", "action", "a.at", "a.id",
        f"""
        SELECT a.at, a.id AS row_id, jsonb_build_object('action', a.action, 'data', a.data,
            'by', {_NAME_OF_ACTOR.format(actor="a.actor")}) AS facts
        FROM audit_auditrow a
        WHERE a.user_id = %(user)s AND a.action LIKE 'support:%%' AND {{cut}}
            AND (%(looks)s OR a.action <> 'support:customer:looked_at')
        ORDER BY a.at DESC, a.id DESC LIMIT %(limit)s""",  # noqa: S608  (constants of this file)
    ),
    Source(
        "sign_in", "attempt", "t.at", "t.id",
        """
        SELECT t.at, t.id AS row_id, jsonb_build_object('result', t.result, 'device', t.device,
            'network', host(t.network)) AS facts
        FROM accounts_signinattempt t
        WHERE t.user_id = %(user)s AND t.result IN ('wrong_password', 'too_many', 'locked', 'stopped') AND {cut}
        ORDER BY t.at DESC, t.id DESC LIMIT %(limit)s""",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Some rows, newest first. `after`: the cursor of the next page, None on the last."""

    rows: Sequence[Row]
    after: Cursor | None


def timeline(
    user_id: int, *, kind: Kind | None = None, before: Cursor | None = None, limit: int = PAGE
) -> TimelinePage:
    """One page of what happened to a customer; of one kind, or of all. One query.

    Who opened the page is told only among the desk's own rows: else looking would bury what there is to see.
    """
    parts = [
        f"(SELECT {rank} AS rank, part.* FROM ({_part(source, rank, before)}) part)"  # noqa: S608
        for rank, source in enumerate(SOURCES)
        if kind in (None, source.kind)
    ]
    everything = " UNION ALL ".join(parts)
    query = f"SELECT * FROM ({everything}) merged ORDER BY at DESC, rank, row_id DESC LIMIT %(limit)s"  # noqa: S608
    parameters: dict[str, Any] = {"user": user_id, "limit": limit + 1, "looks": kind == "staff"}
    if before is not None:
        parameters |= {"at": before.at, "row_id": before.row_id}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows = [_row(*found) for found in cursor.fetchall()]
    shown = rows[:limit]
    more = len(rows) > limit
    return TimelinePage(shown, Cursor(shown[-1].at, shown[-1].rank, shown[-1].row_id) if more else None)


def _part(source: Source, rank: int, before: Cursor | None) -> str:
    """A source's SELECT, cut off where the page before ended."""
    if before is None:
        return source.select.format(cut="true")
    if rank == before.rank:
        cut = f"({source.at}, {source.row_id}) < (%(at)s, %(row_id)s)"
    else:
        cut = f"{source.at} {'<=' if rank > before.rank else '<'} %(at)s"
    return source.select.format(cut=cut)


def _row(rank: int, at: datetime, row_id: int, facts: str | dict[str, Any]) -> Row:
    source = SOURCES[rank]
    known = json.loads(facts) if isinstance(facts, str) else facts
    return Row(source.kind, source.name, at, rank, row_id, known)
