"""The payments tables, one file per noun."""

from payments.models.books import Account, AccountKind, Entry, Hold, HoldState, Journal, JournalKind
from payments.models.cards import Card, CardLinking, CardState, LinkingState, OwnerMatch, ProcessorCustomer
from payments.models.closures import Claim, ClaimReason, ClaimState, ClaimWay, Closure, ClosureState
from payments.models.disputes import Dispute, DisputeAnswer, DisputeState, PaymentReport
from payments.models.exports import DataExport, ExportState
from payments.models.own_rules import AutoTopUp, OwnLimit, PaymentConfirmation
from payments.models.risk import RiskDecision
from payments.models.settlement_files import (
    DifferenceKind,
    SettlementDifference,
    SettlementFile,
    SettlementLine,
)
from payments.models.settlements import SettledRange, Settlement
from payments.models.statements import Statement
from payments.models.store_payments import (
    DeclineReason,
    OneTimeCode,
    Payment,
    PaymentStatus,
    Refund,
    SpendingDay,
)
from payments.models.stores import Merchant, MerchantKey, Store, Terminal
from payments.models.top_ups import ProcessorEvent, TopUp, TopUpState
from payments.models.transfers import (
    Findability,
    MoneyRequest,
    Payee,
    RequestBlock,
    RequestState,
    SendingWindow,
    Transfer,
)
from payments.models.webhooks import WebhookEndpoint

__all__ = [
    "Account",
    "AccountKind",
    "AutoTopUp",
    "Card",
    "CardLinking",
    "CardState",
    "Claim",
    "ClaimReason",
    "ClaimState",
    "ClaimWay",
    "Closure",
    "ClosureState",
    "DataExport",
    "DeclineReason",
    "DifferenceKind",
    "Dispute",
    "DisputeAnswer",
    "DisputeState",
    "Entry",
    "ExportState",
    "Findability",
    "Hold",
    "HoldState",
    "Journal",
    "JournalKind",
    "LinkingState",
    "Merchant",
    "MerchantKey",
    "MoneyRequest",
    "OneTimeCode",
    "OwnLimit",
    "OwnerMatch",
    "Payee",
    "Payment",
    "PaymentConfirmation",
    "PaymentReport",
    "PaymentStatus",
    "ProcessorCustomer",
    "ProcessorEvent",
    "Refund",
    "RequestBlock",
    "RequestState",
    "RiskDecision",
    "SendingWindow",
    "SettledRange",
    "Settlement",
    "SettlementDifference",
    "SettlementFile",
    "SettlementLine",
    "SpendingDay",
    "Statement",
    "Store",
    "Terminal",
    "TopUp",
    "TopUpState",
    "Transfer",
    "WebhookEndpoint",
]
