"""What of a page is stopped for everybody."""

from __future__ import annotations

from typing import Any

from django import template

from wallet_site.switches.asking import is_stopping, pulled_names
from wallet_site.switches.names import NAMES, Words, words_of

register = template.Library()


@register.simple_tag(takes_context=True)
def pulled_switches(context: template.Context, *names: str) -> list[Words]:
    """The words of those among `names` (none: of all) that are stopped.

    A signed-in request knows already what is pulled (`accounts.middleware`); any other asks here, one query.
    """
    request: Any = context.get("request")
    pulled = getattr(request, "pulled_switches", None)
    if pulled is None:
        pulled = pulled_names()
    if not names:
        return [words_of(name) for name in pulled]
    if "read_only" in pulled and any(is_stopping(name, pulled) for name in NAMES if name in names):
        return [words_of("read_only")]
    return [words_of(name) for name in NAMES if name in names and name in pulled]
