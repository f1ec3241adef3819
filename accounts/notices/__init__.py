"""The notices that accounts owes. Importing this package registers their topics."""

from accounts.notices import changes, codes, locks, preferences, recoveries, sign_ins, warnings

__all__ = ["changes", "codes", "locks", "preferences", "recoveries", "sign_ins", "warnings"]
