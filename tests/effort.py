"""How hard the drills and the random runs try: enough in every suite, more by `make faults`."""

from __future__ import annotations

import os
from typing import TypeVar

Amount = TypeVar("Amount")

# Set by `make faults`, which has no ten minutes to keep to.
IS_HARD = os.environ.get("KAKEHASHI_FAULTS") == "1"


def effort(usual: Amount, hard: Amount) -> Amount:
    """`usual` in the suite, `hard` by `make faults`."""
    return hard if IS_HARD else usual
