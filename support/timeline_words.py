"""The words of the timeline: a row of `queries.timeline` as a member of staff reads it. Addresses stay masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.addresses import mask
from accounts.models import CredentialChange, SignInAttempt, Suspension
from payments.models import DeclineReason, JournalKind
from payments.reason_words import charge_failed_because
from support import sending_words
from support.models import Case
from support.queries.timeline import Row
from wallet_site.outbox.models import Delivery

KIND_LABELS: dict[str, Promise] = {
    "money": gettext_lazy("Money"),
    "sign_in": gettext_lazy("Sign-ins"),
    "change": gettext_lazy("Changes"),
    "notice": gettext_lazy("Notices"),
    "restriction": gettext_lazy("Restrictions"),
    "staff": gettext_lazy("Desk"),
}
_TOPICS: dict[str, Promise] = {
    "accounts:account:opened": gettext_lazy("Welcome"),
    "accounts:credential:changed": gettext_lazy("Something about signing in was changed"),
    "accounts:sign_up:code": gettext_lazy("Code for signing up"),
    "accounts:sign_up:known_address": gettext_lazy("Sign-up with an address that has an account"),
    "accounts:email_change:code": gettext_lazy("Code for a new address"),
    "accounts:email_change:asked": gettext_lazy("A new address was asked for"),
    "accounts:sign_in:wrong_factor": gettext_lazy("Right password, wrong code"),
    "accounts:sign_in:unfamiliar": gettext_lazy("Sign-in on a new device or network"),
    "accounts:password_reset:link": gettext_lazy("Link for a new password"),
    "accounts:lock:code": gettext_lazy("Code to lock the wallet"),
    "accounts:suspension:made": gettext_lazy("Something was stopped"),
    "accounts:suspension:lifted": gettext_lazy("A stop was lifted"),
    "accounts:undo:used": gettext_lazy("A change was undone"),
    "accounts:receipts:quieter": gettext_lazy("Fewer receipts chosen"),
    "payments:payment:captured": gettext_lazy("Receipt of a payment"),
    "payments:refund:made": gettext_lazy("Receipt of a refund"),
    "payments:card:linked": gettext_lazy("Card linked"),
    "payments:card:removed": gettext_lazy("Card removed"),
    "payments:card:blocked": gettext_lazy("Card blocked"),
    "payments:top_up:succeeded": gettext_lazy("Receipt of a top-up"),
    "payments:top_up:refunded": gettext_lazy("Top-up given back"),
    "payments:top_up:disputed": gettext_lazy("Top-up charged back"),
    "payments:closure:asked": gettext_lazy("The wallet is to be closed"),
    "payments:closure:called_off": gettext_lazy("The wallet stays open"),
    "payments:closure:closed": gettext_lazy("The wallet was closed"),
    "payments:claim:made": gettext_lazy("We owe money outside of a wallet"),
    "payments:claim:paid": gettext_lazy("A claim was paid"),
    "payments:data_export:asked": gettext_lazy("A copy of the data was asked for"),
    "payments:data_export:ready": gettext_lazy("The copy of the data is ready"),
    "payments:dispute:won": gettext_lazy("Dispute decided for us"),
    "payments:dispute:lost": gettext_lazy("Dispute decided for the card's holder"),
    **sending_words.TOPICS,
    "support:letter:sent": gettext_lazy("Letter of apology"),
    "support:sessions:ended": gettext_lazy("Signed out everywhere by support"),
    "support:customer:revealed": gettext_lazy("Support looked at contact details"),
}
_ACTIONS: dict[str, Promise] = {
    "support:customer:looked_at": gettext_lazy("Opened this page"),
    "support:customer:revealed": gettext_lazy("Looked at masked data"),
    "support:approval:asked": gettext_lazy("Asked for approval"),
    "support:approval:approved": gettext_lazy("Approved"),
    "support:approval:refused": gettext_lazy("Refused approval"),
    "support:approval:own_tried": gettext_lazy("Tried to approve their own request"),
    "support:case:opened": gettext_lazy("Opened a case"),
    "support:case:appealed": gettext_lazy("The customer appealed"),
    "support:case:added_to": gettext_lazy("The customer added to the appeal"),
    "support:case:taken": gettext_lazy("Took a case"),
    "support:case:closed": gettext_lazy("Closed a case"),
    "support:note:made": gettext_lazy("Wrote a note"),
    "support:letter:sent": gettext_lazy("Wrote a letter of apology"),
    "support:sessions:ended": gettext_lazy("Signed the customer out everywhere"),
}
_STATES: dict[str, tuple[Promise, str]] = {
    Delivery.State.QUEUED: (gettext_lazy("Waiting to be sent"), "warning"),
    Delivery.State.SENT: (gettext_lazy("Sent"), "success"),
    Delivery.State.FAILED: (gettext_lazy("Failed"), "danger"),
    Delivery.State.BOUNCED: (gettext_lazy("Bounced"), "danger"),
    Delivery.State.NO_CHANNEL: (gettext_lazy("Not sent: no gateway"), "warning"),
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in words; `kind` colours it."""

    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline. `amount_minor` is signed yen, None for what moved no money."""

    kind: str
    at: datetime
    title: str
    details: list[str] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    amount_minor: int | None = None

    @property
    def css_kind(self) -> str:
        return self.kind.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Day:
    """The moments of one day in Tokyo."""

    day: date
    moments: list[Moment]


def by_day(rows: Iterable[Row]) -> list[Day]:
    """Rows under the heading of their day."""
    days = groupby((moment_of(row) for row in rows), key=lambda moment: timezone.localtime(moment.at).date())
    return [Day(day, list(moments)) for day, moments in days]


def moment_of(row: Row) -> Moment:
    """The words of one row."""
    return _WORDS[row.source](row)


def _entry(row: Row) -> Moment:
    facts = row.facts
    about = facts.get("store") or _card(facts) or facts.get("other")
    title = sending_words.entry(facts) or str(JournalKind(facts["kind"]).label)
    return Moment(
        row.kind,
        row.at,
        f"{title} · {about}" if about else title,
        [_("Transaction %(number)s") % {"number": facts["journal_id"]}],
        amount_minor=facts["amount"],
    )


def _request(row: Row) -> Moment:
    title, amount, state = sending_words.request(row.facts)
    return Moment(row.kind, row.at, title, [amount], [Badge(state, "")])


def _own_rule(row: Row) -> Moment:
    title, details = sending_words.own_rule(row.facts["action"], row.facts["data"])
    return Moment(row.kind, row.at, title, details)


def _declined(row: Row) -> Moment:
    title = _("Payment declined · %(store)s") % {"store": row.facts["store"]}
    reason = DeclineReason(row.facts["reason"]).label
    badge = Badge(_("Declined"), "warning")
    return Moment(row.kind, row.at, title, [str(reason)], [badge], amount_minor=-row.facts["amount"])


def _top_up_failed(row: Row) -> Moment:
    title = _("Top-up not charged · %(card)s") % {"card": _card(row.facts)}
    badge = Badge(_("Not charged"), "warning")
    reason = charge_failed_because(row.facts["reason"])
    return Moment(row.kind, row.at, title, [reason], [badge], amount_minor=row.facts["amount"])


def _session(row: Row) -> Moment:
    facts = row.facts
    details = [_where(facts)]
    if facts["ended_at"]:
        ended = timezone.localtime(datetime.fromisoformat(facts["ended_at"]))
        details.append(
            _("Ended %(when)s (%(why)s)")
            % {"when": date_format(ended, "Y-m-d H:i"), "why": _ending(facts["ended_why"])}
        )
        return Moment(row.kind, row.at, _("Signed in"), details)
    return Moment(row.kind, row.at, _("Signed in"), details, [Badge(_("Signed in now"), "success")])


def _ending(why: str) -> str:
    words = {
        "signed_out": _("signed out"),
        "suspended": _("stopped"),
        "support": _("by support"),
        "undo_link": _("by an undo link"),
        "account_closed": _("with the wallet"),
        "revoked_by_owner": _("by the customer"),
    }
    return words.get(why, why or "–")


def _attempt(row: Row) -> Moment:
    title = str(SignInAttempt.Result(row.facts["result"]).label)
    return Moment(row.kind, row.at, title, [_where(row.facts)], [Badge(_("Failed"), "warning")])


def _wrong_code(row: Row) -> Moment:
    return Moment(
        row.kind,
        row.at,
        _("Wrong code at the second factor"),
        [_where(row.facts)],
        [Badge(_("Failed"), "warning")],
    )


def _credential(row: Row) -> Moment:
    facts = row.facts
    details = []
    if facts["old"] or facts["new"]:
        details.append(f"{mask(facts['old']) or '–'} → {mask(facts['new']) or '–'}")
    details.append(_by(facts["actor"]))
    badges = [Badge(_("Undone"), "danger")] if facts["undone"] else []
    return Moment(row.kind, row.at, str(CredentialChange.Kind(facts["kind"]).label), details, badges)


def _card_linked(row: Row) -> Moment:
    return Moment(row.kind, row.at, _("Card linked · %(card)s") % {"card": _card(row.facts)})


def _card_ended(row: Row) -> Moment:
    return Moment(
        row.kind,
        row.at,
        _("Card no longer linked · %(card)s") % {"card": _card(row.facts)},
        [_card_ending(row.facts["why"])],
    )


def _card_ending(why: str) -> str:
    words = {
        "removed": _("by the customer"),
        "disputed": _("after a charge-back"),
        "wallet_closed": _("with the wallet"),
    }
    return words.get(why, why)


def _notice(row: Row) -> Moment:
    topic = row.facts["topic"]
    title = _("Notice: %(what)s") % {"what": _TOPICS.get(topic, topic)}
    deliveries = row.facts["deliveries"] or []
    if not deliveries:
        return Moment(row.kind, row.at, title, badges=[Badge(_("Waiting to be sent"), "warning")])
    details = [f"{_told_at(one)}: {_delivered(one)}" for one in deliveries]
    states = list(dict.fromkeys(one["state"] for one in deliveries))
    badges = [Badge(str(_STATES[state][0]), _STATES[state][1]) for state in states]
    return Moment(row.kind, row.at, title, details, badges)


def _told_at(delivery: dict[str, Any]) -> str:
    """The address masked; a phone with the app has none that means anything to people."""
    return _("Phone with the app") if delivery["channel"] == "push" else mask(delivery["address"])


def _delivered(delivery: dict[str, Any]) -> str:
    label = str(_STATES[delivery["state"]][0])
    if delivery["sent_at"]:
        sent = timezone.localtime(datetime.fromisoformat(delivery["sent_at"]))
        return f"{label} {date_format(sent, 'Y-m-d H:i:s')}"
    return f"{label} ({delivery['error']})" if delivery["error"] else label


def _stopped(row: Row) -> Moment:
    facts = row.facts
    title = _("Stopped: %(what)s") % {"what": Suspension.Scope(facts["scope"]).label}
    by = facts["by"] or Suspension.Channel(facts["channel"]).label
    force = _("By %(who)s, until it is lifted") % {"who": by}
    if facts["ends_at"]:
        ends = timezone.localtime(datetime.fromisoformat(facts["ends_at"]))
        force = _("By %(who)s, until: %(until)s") % {"who": by, "until": date_format(ends, "Y-m-d H:i")}
    return Moment(
        row.kind,
        row.at,
        title,
        [
            f"{Suspension.Reason(facts['reason_code']).label}: {facts['reason']}",
            force,
        ],
        [Badge(_("Stopped"), "danger")],
    )


def _lifted(row: Row) -> Moment:
    title = _("Lifted: %(what)s") % {"what": Suspension.Scope(row.facts["scope"]).label}
    by = _("By %(who)s") % {"who": row.facts["by"] or "–"}
    return Moment(row.kind, row.at, title, [row.facts["reason"], by], [Badge(_("Lifted"), "success")])


def _case(row: Row) -> Moment:
    queue = Case.Queue(row.facts["queue"]).label
    return Moment(row.kind, row.at, _("Case opened: %(queue)s") % {"queue": queue})


def _action(row: Row) -> Moment:
    facts = row.facts
    action = facts["action"]
    data = facts["data"]
    details = [_("By %(who)s") % {"who": facts["by"] or "–"}]
    if data.get("field"):
        details.append({"email": _("E-mail address"), "phone": _("Phone number")}[data["field"]])
    if data.get("reason"):
        details.append(data["reason"])
    if action == "support:sessions:ended":
        count = data["sessions"] + data["apps"]
        details.append(ngettext("%(count)d device", "%(count)d devices", count) % {"count": count})
    return Moment(row.kind, row.at, str(_ACTIONS.get(action, action)), details)


def _card(facts: dict[str, Any]) -> str:
    if not facts.get("last_four"):
        return ""
    return f"{str(facts['brand']).title()} •••• {facts['last_four']}"


def _where(facts: dict[str, Any]) -> str:
    known = [facts.get("device"), facts.get("network")]
    return " · ".join(part for part in known if part) or _("from an unknown device")


def _by(actor: dict[str, Any]) -> str:
    """Who made a change and from where, as the trigger kept it."""
    if actor.get("kind") == "database":
        return _("Written into the database by hand")
    if actor.get("kind") == "system":
        return _("By the system (%(name)s)") % {"name": actor.get("name", "")}
    return _where(actor)


_WORDS: dict[str, Callable[[Row], Moment]] = {
    "entry": _entry,
    "requested": _request,
    "asked": _request,
    "own_rule": _own_rule,
    "declined": _declined,
    "top_up_failed": _top_up_failed,
    "session": _session,
    "wrong_code": _wrong_code,
    "attempt": _attempt,
    "credential": _credential,
    "card_linked": _card_linked,
    "card_ended": _card_ended,
    "notice": _notice,
    "stopped": _stopped,
    "lifted": _lifted,
    "case": _case,
    "action": _action,
}
