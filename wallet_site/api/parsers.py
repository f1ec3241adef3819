"""Reading a JSON body: bounded, one meaning per name, an object and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import JSONParser

from wallet_site.errors import Problem


class UnreadableBody(Problem):
    """The body is no JSON object in UTF-8, or says one name twice."""

    code = "unreadable-body"
    status = 400
    title = _("The request cannot be read")
    detail = _("Send one JSON object in UTF-8, with each name once.")


class StrictJSONParser(JSONParser):
    """JSON objects only. A name given twice is refused: two readers could see two values (requirement 20)."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The object. Raises `UnreadableBody`, and Django's `RequestDataTooBig`, which is answered with 413."""
        try:
            # A Django request guards its size in `body`; a stream that DRF made was read through `body` before.
            raw = stream.body if hasattr(stream, "body") else stream.read()
            found = json.loads(raw.decode(), object_pairs_hook=_once_each, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise UnreadableBody from error
        if not isinstance(found, dict):
            raise UnreadableBody
        return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name is given twice")
    return names


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
