"""Balance transactions: what the pretend processor owes its merchant, line by line. They are its settlement file."""

from .errors import invalid
from .store import Json, Stored, Transaction

KIND = "balance_transaction"
_NUMBER_LENGTH = 12


def book(tx: Transaction, kind: str, amount: int, source: Stored) -> None:
    """Write a line; `amount` above zero is owed to the merchant. The sandbox takes no fees."""
    tx.add(
        KIND,
        "txn",
        {
            "amount": amount,
            "currency": "jpy",
            "type": kind,
            "source": source.id,
            "fee": 0,
            "net": amount,
        },
        {"source_kind": source.kind},
    )


def listed(tx: Transaction, values: Json, limit: int) -> Json:
    """The lines made from `created[gte]` until before `created[lt]`, oldest first, each with its source."""
    bounds = values.get("created", {})
    if not isinstance(bounds, dict):
        raise invalid("parameter_invalid", "created must have gte and lt", param="created")
    begins, ends = (_number(bounds.get(name, ""), name) for name in ("gte", "lt"))
    found = tx.between(KIND, begins, ends, after=values.get("starting_after", ""), limit=limit + 1)
    return {
        "object": "list",
        "data": [_with_source(tx, line) for line in found[:limit]],
        "has_more": len(found) > limit,
    }


def _with_source(tx: Transaction, line: Stored) -> Json:
    source = tx.get(line.private["source_kind"], line.body["source"])
    return {**line.body, "source": source.body if source else None}


def _number(text: object, name: str) -> int:
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _NUMBER_LENGTH):
        raise invalid("parameter_invalid_integer", f"created[{name}] must be seconds", param="created")
    return int(text)
