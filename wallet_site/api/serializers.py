"""Serializers that take exactly what the document says: no unknown names, no other types."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

# DRF reads 12 as "12", "yes" as true and "7" as 7. A field's JSON type is part of its meaning here.
_JSON_TYPES: list[tuple[type[serializers.Field[Any, Any, Any, Any]], type]] = [
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.CharField, str),
    (serializers.UUIDField, str),
    (serializers.ChoiceField, str),
    (serializers.DateTimeField, str),
    (serializers.DateField, str),
]


class StrictSerializer(serializers.Serializer[Any]):
    """Base of every request body: a name that is not known and a value of another type are refused by pointer."""

    def to_internal_value(self, data: Any) -> Any:
        """Like DRF's, after looking at names and types. Raises `ValidationError` with one entry per name."""
        if isinstance(data, dict):
            wrong = self._wrong_names(data) | self._wrong_types(data)
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _wrong_names(self, data: dict[str, Any]) -> dict[str, Any]:
        taken = {name for name, field in self.fields.items() if not field.read_only}
        error = serializers.ErrorDetail(_("This field is not known here."), code="unknown-field")
        return {name: [error] for name in data if name not in taken}

    def _wrong_types(self, data: dict[str, Any]) -> dict[str, Any]:
        error = serializers.ErrorDetail(_("This value has the wrong type."), code="wrong-type")
        return {
            name: [error]
            for name, field in self.fields.items()
            if name in data and _differs(field, data[name])
        }


def _differs(field: serializers.Field[Any, Any, Any, Any], value: Any) -> bool:
    if value is None:
        return False  # `allow_null` decides.
    for kind, json_type in _JSON_TYPES:
        if isinstance(field, kind):
            return type(value) is not json_type
    return False


def values_of(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """The request's body as `kind` reads it. Raises `ValidationError`, which is answered with 422 and pointers."""
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    values: dict[str, Any] = asked.validated_data
    return values


def query_of(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The address's query as `kind` reads it: each name once, none that is not known. Raises `ValidationError`.

    A query is text, so types are not held against it: "25" is a number there.
    """
    given = request.query_params
    known = kind().fields
    wrong: dict[str, Any] = {}
    for name in given:
        if name not in known:
            wrong[name] = [serializers.ErrorDetail(_("This field is not known here."), code="unknown-field")]
        elif len(given.getlist(name)) > 1:
            wrong[name] = [serializers.ErrorDetail(_("This value has the wrong type."), code="wrong-type")]
    if wrong:
        raise serializers.ValidationError(wrong)
    asked = kind(data=given.dict())
    asked.is_valid(raise_exception=True)
    values: dict[str, Any] = asked.validated_data
    return values
