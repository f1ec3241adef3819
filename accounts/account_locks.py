"""The lock that works without signing in: which accounts an address stands for, and the code of each.

A code is derived from the request and the account under the look-up key. So nothing is stored that could be stolen, an
address that nobody has needs no row that differs, and of two accounts that share a second address each has its own.
"""

from __future__ import annotations

from typing import Final

from accounts.mail_codes import DIGITS
from accounts.models import LockRequest, User
from accounts.notice_targets import addresses_of
from accounts.undo_links import was_taken_away
from wallet_site.crypto import digest


def lock_code(request: LockRequest, user_id: int) -> str:
    """Eight digits that stop the account of `user_id`, by this request only."""
    number = int.from_bytes(digest(f"{request.pk}:{user_id}", "account-lock")[:16])
    return f"{number % 10**DIGITS:0{DIGITS}d}"


_TOLD_THERE: Final = """
SELECT * FROM accounts_user WHERE kind = 'customer' AND is_active AND id IN (
    SELECT id FROM accounts_user WHERE email = %(address)s
    UNION SELECT user_id FROM accounts_noticeaddress WHERE email = %(address)s
    UNION SELECT user_id FROM accounts_formeraddress WHERE email = %(address)s AND told_until > now()
) ORDER BY id
"""


def accounts_of(address: str) -> list[User]:
    """The customers who are told at `address`: their own, their second, or one replaced within 30 days.

    The replaced one counts because whose account was taken over knows no other. One query, whatever it finds.
    """
    return list(User.objects.raw(_TOLD_THERE, {"address": address}))


def code_addresses(user_id: int) -> list[str]:
    """Where the code of an account goes: every e-mail address on file.

    Not to one that an undo took away: whose that was must not stop the account each time its owner mends it.
    """
    return [address for address in addresses_of(user_id) if not was_taken_away(user_id, address)]
