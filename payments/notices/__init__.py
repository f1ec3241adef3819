"""The notices that money owes. They register their topics by being imported (see `payments.apps`)."""

from payments.notices import cards, closures, data_exports, disputes, merchants, payments, transfers

__all__ = ["cards", "closures", "data_exports", "disputes", "merchants", "payments", "transfers"]
