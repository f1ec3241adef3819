"""The payments tables, one file per noun."""

from payments.models.books import Account, AccountKind, Entry, Hold, HoldState, Journal, JournalKind
from payments.models.cards import Card, CardLinking, CardState, LinkingState, OwnerMatch, ProcessorCustomer
from payments.models.risk import RiskDecision
from payments.models.store_payments import (
    DeclineReason,
    OneTimeCode,
    Payment,
    PaymentStatus,
    Refund,
    SpendingDay,
)
from payments.models.stores import Merchant, Store, Terminal
from payments.models.top_ups import ProcessorEvent, TopUp, TopUpState

__all__ = [
    "Account",
    "AccountKind",
    "Card",
    "CardLinking",
    "CardState",
    "DeclineReason",
    "Entry",
    "Hold",
    "HoldState",
    "Journal",
    "JournalKind",
    "LinkingState",
    "Merchant",
    "OneTimeCode",
    "OwnerMatch",
    "Payment",
    "PaymentStatus",
    "ProcessorCustomer",
    "ProcessorEvent",
    "Refund",
    "RiskDecision",
    "SpendingDay",
    "Store",
    "Terminal",
    "TopUp",
    "TopUpState",
]
