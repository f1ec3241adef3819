"""What a card processor must do for the portal, and the typed answers it may give.

A processor is asked over a network, so "I do not know" is an answer of its own: a time-out is `Unknown`, never a
failure. Everything here is plain data; no class below knows Django or the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Reason(StrEnum):
    """Why a card was not linked or charged. Stable: stored with the top-up or linking, worded for people elsewhere."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    LOST_OR_STOLEN = "lost_or_stolen"
    CARD_EXPIRED = "card_expired"
    SECURITY_CODE_WRONG = "security_code_wrong"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHENTICATION_REQUIRED = "authentication_required"
    AUTHENTICATION_NOT_SUPPORTED = "authentication_not_supported"
    ABANDONED = "abandoned"
    DECLINED = "declined"
    REFUSED_BY_PROCESSOR = "refused_by_processor"
    PROCESSOR_UNAVAILABLE = "processor_unavailable"


class ProcessorError(Exception):
    """The processor could not be asked, or answered nonsense. Worth another try; nothing is known to have changed."""


class ForgedWebhookError(Exception):
    """A webhook whose signature does not fit, or whose time is outside the replay window."""


# --- Linking a card --------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer as the processor may know them: our public id and the name, for the card page."""

    public_id: str
    name: str


@dataclass(frozen=True, slots=True)
class LinkingRequest:
    """Start linking: `key` makes a repeat answer the same page, `return_url` is where the browser comes back."""

    key: str
    linking_id: str
    customer: str
    return_url: str


@dataclass(frozen=True, slots=True)
class LinkingStarted:
    """The processor's own page takes the card at `url` until `expires_at`."""

    reference: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CardDetails:
    """What the portal may know of a card. `holder_name` is compared with the customer's and then forgotten."""

    token: str
    brand: str
    last_four: str
    expiry_month: int
    expiry_year: int
    country: str
    fingerprint: str
    holder_name: str


@dataclass(frozen=True, slots=True)
class LinkingPending:
    """The customer has not finished on the processor's page."""


@dataclass(frozen=True, slots=True)
class LinkingAuthenticated:
    """The card's holder passed 3-D Secure; `three_d_secure` is the processor's word for how."""

    card: CardDetails
    three_d_secure: str


@dataclass(frozen=True, slots=True)
class LinkingRefused:
    """There will be no card from this linking."""

    reason: Reason


LinkingResult = LinkingPending | LinkingAuthenticated | LinkingRefused


# --- Charging --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """Charge a linked card once. `key` is ours and the same at every try; so are all other values."""

    key: str
    top_up_id: str
    customer: str
    card_token: str
    amount_minor: int
    currency: str
    return_url: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The card was charged with exactly `amount_minor`. Final."""

    reference: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Declined:
    """The card was not charged and will not be by this request. Final."""

    reference: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class NeedsAction:
    """The card's issuer asks its holder at `url`; nothing is charged until they answer."""

    reference: str
    url: str


@dataclass(frozen=True, slots=True)
class Processing:
    """The processor has taken the request and has not decided."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left this machine: nothing was charged. Final for this try."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or one that cannot be read: the charge may or may not exist. Ask again, never assume."""

    why: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The processor knows of no such charge at this moment; a request still under way could yet make it."""


ChargeOutcome = Succeeded | Declined | NeedsAction | Processing | NotSent | Unknown
LookUp = Succeeded | Declined | NeedsAction | Processing | Unknown | NotFound


# --- Refunds ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Give back `amount_minor` of the charge `charge_reference`; `key` is ours and the same at every try."""

    key: str
    charge_reference: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Refunded:
    """The processor gives the money back."""

    reference: str


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """The processor will not: `code` is its own word (already refunded, charged back, too much)."""

    code: str


RefundOutcome = Refunded | RefundRefused | Unknown


# --- Disputes --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a disputed charge was its card holder's own; `key` is ours and the same at every try."""

    key: str
    dispute_reference: str
    purchase_network: str
    access_log: str
    text: str


@dataclass(frozen=True, slots=True)
class AnswerTaken:
    """The processor has our answer to a dispute. What comes of it is told by webhook."""


@dataclass(frozen=True, slots=True)
class AnswerRefused:
    """The processor takes no answer any more: `code` is its own word (decided already, too late)."""

    code: str


AnswerOutcome = AnswerTaken | AnswerRefused | Unknown


# --- Settlement files ------------------------------------------------------------------------------------------------
class LineKind(StrEnum):
    """What a line of a settlement file is about. The first four have a counterpart in the books."""

    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    PAYOUT = "payout"
    FEE = "fee"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SettlementEntry:
    """One line. `amount_minor` above zero: the processor owes us so much more; `reference` is that of the charge."""

    line_id: str
    kind: LineKind
    reference: str
    amount_minor: int
    fee_minor: int
    currency: str
    occurred_at: datetime


# --- Webhooks --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ChargeEvent:
    """Something final happened to a charge, or its issuer asks."""

    top_up_id: str
    outcome: Succeeded | Declined | NeedsAction


@dataclass(frozen=True, slots=True)
class LinkingEvent:
    """A linking moved; ask `linking_result` how far."""

    linking_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class DisputeEvent:
    """A charge is charged back: `state` is open, answered, won (by us) or lost; `top_up_id` is "" where it is not told.

    `due_at`: until when we may answer; None where that is not told.
    """

    reference: str
    top_up_id: str
    charge_reference: str
    amount_minor: int
    reason: str
    state: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """Genuine, and nothing we act on."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified event. `event_id` is the same at every delivery of it."""

    event_id: str
    kind: str
    content: ChargeEvent | LinkingEvent | DisputeEvent | OtherEvent


class Processor(Protocol):
    """One card processor. Methods that may be repeated say so; all of them may take seconds."""

    @property
    def name(self) -> str:
        """The short name kept with cards and top-ups."""
        ...

    def register_customer(self, customer: NewCustomer) -> str:
        """The processor's reference of a customer; the same one at a repeat. Raises ProcessorError."""
        ...

    def start_linking(self, request: LinkingRequest) -> LinkingStarted:
        """Open the processor's card page; a repeat with the same key gives the same page. Raises ProcessorError."""
        ...

    def linking_result(self, reference: str) -> LinkingResult:
        """How a linking stands now. Raises ProcessorError."""
        ...

    def cancel_linking(self, reference: str) -> LinkingResult:
        """Close the card page and say how the linking ended, which may be authenticated. Raises ProcessorError."""
        ...

    def forget_card(self, token: str) -> None:
        """Make a card unchargeable at the processor. A repeat changes nothing. Raises ProcessorError."""
        ...

    def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge a card. A repeat with the same request charges nothing more and gives the same answer."""
        ...

    def look_up(self, request: ChargeRequest, reference: str = "") -> LookUp:
        """What became of a charge, by its reference, or by our own id where no reference is known. Changes nothing."""
        ...

    def void(self, request: ChargeRequest, reference: str = "") -> LookUp:
        """Make sure that a request never charges, even one still under way, unless it already has.

        Answers what is true afterwards: `Declined` when it can no longer charge, `Succeeded` when it had.
        """
        ...

    def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back, never more than was charged. A repeat gives nothing more."""
        ...

    def submit_evidence(self, evidence: Evidence) -> AnswerOutcome:
        """Contest a dispute. A repeat submits nothing more."""
        ...

    def accept_dispute(self, dispute_reference: str, *, key: str) -> AnswerOutcome:
        """Give a dispute up. A repeat changes nothing."""
        ...

    def settlement_entries(self, begins: datetime, ends: datetime) -> list[SettlementEntry]:
        """The settlement file from `begins` until before `ends`, oldest line first. Raises ProcessorError."""
        ...

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Webhook:
        """Read a webhook whose signature fits and whose time is near `now`; raises ForgedWebhookError."""
        ...
