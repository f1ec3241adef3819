"""How often somebody may try, by address and by network. Counted in Redis, atomic, closed when Redis is gone.

Where a try is refused the password or code is not looked at. The answer is the same for an address that has no
account (requirement 5). Keys hold no address in clear.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from wallet_site import ratelimit
from wallet_site.crypto import digest
from wallet_site.errors import TooManyTries

HOUR: Final = 3600
DAY: Final = 24 * HOUR
QUARTER: Final = 900


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` in `seconds` for one key."""

    name: str
    tries: int
    seconds: int

    def take(self, key: str) -> None:
        """Count one try. Raises `TooManyTries` past the limit, `Unavailable` when it cannot be counted."""
        ratelimit.take(self.name, _hidden(key), limit=self.tries, period_seconds=self.seconds)

    def is_first(self, key: str) -> bool:
        """Count one, and whether it is within the limit. Raises `Unavailable` when it cannot be counted."""
        try:
            self.take(key)
        except TooManyTries:
            return False
        return True

    def forget(self, key: str) -> None:
        """Begin anew for `key`, after a proven success."""
        ratelimit.forget(self.name, _hidden(key))


def _hidden(key: str) -> str:
    return digest(key, "limit").hex()[:32]


def network_key(network: str) -> str:
    """One key per network that one person can hold: an IPv4 address, or the /64 around an IPv6 one."""
    try:
        address = ipaddress.ip_address(network)
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return str(address)


# Signing in. The narrow one stops guessing from one place; the wide ones stop it from many places and over many people.
SIGN_IN_HERE = Limit("sign-in-address-network", 10, QUARTER)
SIGN_IN_ADDRESS = Limit("sign-in-address", 60, HOUR)
SIGN_IN_NETWORK = Limit("sign-in-network", 120, QUARTER)
# For one account from a browser or app that has signed in to it before: counted for itself alone.
SIGN_IN_DEVICE = Limit("sign-in-device", 10, QUARTER)
# While lists of leaked passwords are being tried, for devices and networks that the account does not know.
SIGN_IN_NETWORK_SLOWED = Limit("sign-in-network-slowed", 10, QUARTER)
SIGN_IN_HERE_SLOWED = Limit("sign-in-here-slowed", 3, QUARTER)
REFUSAL_KEPT = Limit("sign-in-refusal-kept", 1, QUARTER)

# Mails that strangers can cause.
SIGN_UP_ADDRESS = Limit("sign-up-address", 5, HOUR)
SIGN_UP_NETWORK = Limit("sign-up-network", 40, HOUR)
RESET_ADDRESS = Limit("reset-address", 3, HOUR)
RESET_NETWORK = Limit("reset-network", 30, HOUR)
LOCK_ADDRESS = Limit("lock-address", 3, HOUR)
LOCK_NETWORK = Limit("lock-network", 30, HOUR)
CONTACT_PERSON = Limit("contact-person", 5, HOUR)
CONTACT_ADDRESS = Limit("contact-address", 5, HOUR)
# SMS cost money, and there are people who earn from having them sent: a few a day.
SMS_PERSON = Limit("sms-person", 5, DAY)
SMS_NUMBER = Limit("sms-number", 5, DAY)
SMS_NETWORK = Limit("sms-network", 20, DAY)
RECOVERY_ADDRESS = Limit("recovery-address", 3, HOUR)
RECOVERY_NETWORK = Limit("recovery-network", 20, HOUR)
RECOVERY_MAIL = Limit("recovery-mail", 5, HOUR)

# Guesses at something that is not a second factor (those are counted in the database, see `two_factor.codes`).
MAIL_CODE_NETWORK = Limit("mail-code-network", 60, HOUR)
CURRENT_PASSWORD = Limit("current-password", 10, HOUR)
# Only answers that do not hold are counted: a right one is always taken, so this keeps no owner out.
WRONG_PASSKEY_NETWORK = Limit("wrong-passkey-network", 60, HOUR)
UNDO_NETWORK = Limit("undo-network", 60, HOUR)
RESET_LINK_NETWORK = Limit("reset-link-network", 60, HOUR)
RECOVERY_LINK_NETWORK = Limit("recovery-link-network", 60, HOUR)
