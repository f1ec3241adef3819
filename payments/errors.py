"""What payments refuse, each with a stable code and words that say what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from payments.risk import Decision, Facts
from wallet_site.errors import Conflict, InvalidInput, NotAllowed, NotFound, StepUpRequired, Unavailable


class PostingRefused(Conflict):
    """The books refused a movement; nothing was moved. Not worth retrying unless a subclass says so."""

    code = "posting-refused"


class InsufficientFunds(PostingRefused):
    """The balance less its holds does not cover the amount."""

    code = "insufficient-funds"
    title = _("The balance is not enough")
    detail = _("There is not enough money in the wallet for this. Nothing was taken.")


class WalletFrozen(PostingRefused):
    """A suspension stops this kind of movement."""

    code = "wallet-frozen"
    title = _("The wallet is stopped")
    detail = _("This wallet is stopped at the moment, so no money can leave it. The balance is safe.")


class WalletClosed(PostingRefused):
    """A closed wallet takes nothing but what the books define; one that is not ready does not close."""

    code = "wallet-closed"
    title = _("The wallet is closed")
    detail = _("This wallet is closed, or cannot be closed yet. Nothing was moved.")


class LimitReached(PostingRefused):
    """A limit refuses the amount; `extra` names it (`limit`, `allowed_minor`)."""

    code = "limit-reached"
    title = _("Above the limit")
    detail = _("The amount is above a limit of this wallet. Nothing was taken.")


class EventKeyConflict(PostingRefused):
    """The key of this event was used for another movement."""

    code = "event-key-conflict"
    detail = _("This was already recorded with other details. Nothing was moved.")


class UnknownAccount(PostingRefused):
    """An account of the movement does not exist. A bug or a forged id, never a customer's mistake."""

    code = "unknown-account"


class CurrencyMismatch(PostingRefused):
    """The accounts hold different currencies."""

    code = "currency-mismatch"
    detail = _("The wallet holds another currency.")


class HoldNotOpen(PostingRefused):
    """The hold was captured, released or has expired."""

    code = "hold-not-open"
    detail = _("The authorization has ended.")


class RefundTooHigh(PostingRefused):
    """The refunds together would be above what was captured, or nothing was captured."""

    code = "refund-too-high"
    title = _("The refund is too high")
    detail = _("A refund gives back at most what is left of the payment. Nothing was moved.")


class BadAmount(InvalidInput):
    """An amount that is zero, negative or above what is held."""

    code = "bad-amount"
    detail = _("The amount cannot be used.")


class NotOver(PostingRefused):
    """A day or month that is still running is neither settled nor closed; nor is one before a settled day."""

    code = "period-not-over"


class NothingToSettle(PostingRefused):
    """No payable of the merchant holds anything that no settlement covers."""

    code = "nothing-to-settle"


class SettlementNotFound(NotFound):
    """No settlement of this merchant has that id."""

    code = "settlement-not-found"
    detail = _("There is no such settlement.")


class WebhookEndpointNotFound(NotFound):
    """The merchant has no live endpoint with that id."""

    code = "webhook-endpoint-not-found"
    detail = _("There is no such webhook endpoint.")


class TooManyEndpoints(Conflict):
    """The merchant has as many live endpoints as a merchant may have."""

    code = "too-many-webhook-endpoints"
    detail = _("At most five webhook endpoints can be live. Remove one first.")


class StatementNotFound(NotFound):
    """The customer has no statement for that month."""

    code = "statement-not-found"
    detail = _("There is no statement for this month.")


class ReferenceUsed(Conflict):
    """The terminal used this reference for an earlier payment: look that one up."""

    code = "reference-used"
    detail = _("This reference names an earlier payment of this terminal. Look that one up first.")


class PaymentNotFound(NotFound):
    """No payment of this merchant or customer has that number."""

    code = "payment-not-found"
    detail = _("There is no such payment.")


class TerminalCutOff(NotAllowed):
    """The terminal showed too many codes that do not exist and must wait."""

    code = "terminal-cut-off"
    title = _("This terminal must wait")
    detail = _("Too many wrong codes came from this terminal. Wait, or call the operator.")


class CardNotFound(NotFound):
    """No card of this customer has that id: somebody else's and none look the same."""

    code = "card-not-found"
    detail = _("There is no such card.")


class LinkingNotFound(NotFound):
    """No linking of this customer has that id."""

    code = "linking-not-found"
    detail = _("There is no such card linking.")


class TopUpNotFound(NotFound):
    """No top-up of this customer has that id."""

    code = "top-up-not-found"
    detail = _("There is no such top-up.")


class CardNotUsable(Conflict):
    """The card is removed, blocked or past its date."""

    code = "card-not-usable"
    title = _("This card cannot be used")
    detail = _("This card cannot be charged any more. Choose another card or link a new one.")


class TooManyCards(Conflict):
    """The customer has as many live cards as a customer may have."""

    code = "too-many-cards"
    title = _("You have five cards")
    detail = _("You can link at most five cards. Remove one first.")


class CoolingOff(NotAllowed):
    """A credential was changed a short while ago; `extra` has `ends_at`."""

    code = "cooling-off"
    title = _("Not possible right after a security change")
    detail = _(
        "Your sign-in details were changed a short while ago, so this has to wait. It protects your money."
    )


class TopUpLimitReached(LimitReached):
    """A top-up limit refuses the amount; `extra` has `limit`, `cap_minor`, `left_minor` and, by clock, `ends_at`."""

    code = "top-up-limit-reached"
    title = _("Above the limit")


class TopUpNotRefundable(Conflict):
    """Only a top-up that succeeded and was neither refunded nor charged back can go back to its card."""

    code = "top-up-not-refundable"
    detail = _("This top-up cannot be given back.")


class NoClosure(Conflict):
    """There is no closing that could be called off."""

    code = "no-closure"
    detail = _("No closing of this wallet is waiting.")


class ClosureNotPossible(NotAllowed):
    """The wallet is stopped: what happens to the money is talked over first."""

    code = "closure-not-possible"
    title = _("The wallet cannot be closed now")
    detail = _("Part of your wallet is stopped. Please call us: we look at it together before it is closed.")


class ClaimNotOpen(Conflict):
    """The claim is paid, or goes to a card by itself."""

    code = "claim-not-open"
    detail = _("This claim is paid, or on its way to a card.")


class ClaimDisputed(ClaimNotOpen):
    """The card's holder takes the same charge back through their bank: paying the claim as well would pay it twice."""

    code = "claim-disputed"
    detail = _(
        "The card's holder is taking this charge back through their bank, or has taken it back. Nothing is paid out"
        " unless the bank decides for us."
    )


class NoExport(NotFound):
    """No export of this customer is ready to be downloaded."""

    code = "no-export"
    detail = _("There is no copy of your data to download. Ask for a new one.")


class DisputeTooEarly(Conflict):
    """The dispute came before the news of its charge: the processor sends it again later."""

    code = "dispute-too-early"


class DisputeClosed(Conflict):
    """The dispute is decided, answered, or the customer has said their word already."""

    code = "dispute-closed"
    title = _("This can no longer be changed")
    detail = _("This was answered or decided in the meantime. Call us if something is wrong with it.")


class DisputeNotFound(NotFound):
    """No dispute of this customer has that id."""

    code = "dispute-not-found"
    detail = _("There is no such dispute.")


class NotReportable(Conflict):
    """Nobody made this movement: it gave money back or was support's."""

    code = "not-reportable"
    title = _("This was not a payment of yours")
    detail = _("Only payments, top-ups and what you sent can be reported. Call us about anything else.")


class DifferenceResolved(Conflict):
    """Somebody has resolved the difference, or there is no money to book about it."""

    code = "difference-resolved"
    title = _("This difference is resolved")
    detail = _("It was resolved in the meantime, or nothing of it can be booked. Reload the page.")


class PayeeNotFound(NotFound):
    """Nobody who can be paid has this address, or does not want to be found by it: the answer is the same."""

    code = "payee-not-found"
    title = _("We found nobody")
    detail = _(
        "Nobody can be found by this address or number. Check it, or ask the person to allow being found by it in "
        "their wallet."
    )


class PayeeUnavailable(Conflict):
    """This person cannot be paid or asked: an account that is closed, one's own, or somebody who does not want it."""

    code = "payee-unavailable"
    title = _("This is not possible with this person")
    detail = _("This person can be neither paid nor asked at the moment. Nothing was moved.")


class NotSendable(PostingRefused):
    """Compensation and goodwill can be spent in stores, not sent."""

    code = "not-sendable"
    title = _("This part of the balance cannot be sent")
    detail = _("Compensation and goodwill can be spent in stores but not sent. Send a smaller amount.")


class SendLimitReached(LimitReached):
    """A limit on sending refuses; `extra` has `limit`, `cap_minor`, `left_minor` and, by clock, `ends_at`."""

    code = "send-limit-reached"


class RequestNotOpen(Conflict):
    """The request was paid, declined, taken back or has expired."""

    code = "request-not-open"
    title = _("This request has ended")
    detail = _("This request was paid, declined or taken back, or its time is over. Nothing was moved.")


class RequestNotFound(NotFound):
    """No request of this customer's has that number."""

    code = "request-not-found"
    detail = _("There is no such request.")


class TransferNotFound(NotFound):
    """This customer has neither sent nor received a transfer of that number."""

    code = "transfer-not-found"
    detail = _("There is no such transfer.")


class TooManyRequests(Conflict):
    """As many requests are open as may be."""

    code = "too-many-requests-open"
    title = _("Too many requests are open")
    detail = _("Too many of your requests are still open. Wait for an answer or take one back.")


class ConfirmationNeeded(Conflict):
    """At the till: the customer has to confirm exactly this amount for this store first."""

    code = "confirmation-needed"


class OwnLimitRefused(InvalidInput):
    """A limit of one's own that the portal's own limit makes pointless, or that is none."""

    code = "own-limit-refused"


class AutoTopUpNotDue(Conflict):
    """Nothing to do: it is off, the balance is enough, or a top-up is on its way."""

    code = "auto-top-up-not-due"


class NoProcessor(Unavailable):
    """The portal runs without a card processor."""

    code = "no-card-processor"
    title = _("Cards cannot be used yet")
    detail = _("Cards cannot be linked or charged here at the moment. Your balance is not affected.")


@dataclass(frozen=True, slots=True)
class Stopped:
    """What the rules of risk saw and said when they stopped a movement; kept by whoever handles the refusal."""

    user_id: int
    facts: Facts
    decision: Decision


class RiskStepUp(StepUpRequired):
    """A movement that looks unusual needs a fresh second factor first. Nothing was moved."""

    def __init__(self, stopped: Stopped, **extra: Any) -> None:
        super().__init__(**extra)
        self.stopped = stopped


class RiskDelayed(NotAllowed):
    """A movement that looks unusual has to wait; `extra` has `ends_at`. Nothing was moved."""

    code = "risk-delayed"
    title = _("This has to wait a while")
    detail = _(
        "This looks unusual for your wallet, so it has to wait. It protects your money. Nothing was moved; please "
        "try again later."
    )

    def __init__(self, stopped: Stopped, *, retry_after: int, **extra: Any) -> None:
        super().__init__(retry_after=retry_after, **extra)
        self.stopped = stopped


class RiskDenied(NotAllowed):
    """A movement that looks like somebody else's is refused, and the desk has a case. Nothing was moved."""

    code = "risk-denied"
    title = _("We stopped this to protect your money")
    detail = _(
        "This does not look like you, so nothing was moved. Our support is looking at it. If it was you, please "
        "call us."
    )

    def __init__(self, stopped: Stopped) -> None:
        super().__init__()
        self.stopped = stopped
