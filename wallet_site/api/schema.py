"""What the OpenAPI document says beyond what the views tell by themselves."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from wallet_site.api.idempotent import IdempotentMixin
from wallet_site.api.problems import MEDIA_TYPE
from wallet_site.api.serializers import StrictSerializer

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details. `code` is stable; `detail` is for people, in the language that "
    "`Accept-Language` asks for. Some problems carry members of their own, such as `auth_session`.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["invalid-input"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "code"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the request"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "urn:kakehashi:problem:invalid-input",
            "title": "Please check what you entered",
            "status": 422,
            "detail": "Something you entered cannot be used.",
            "code": "invalid-input",
            "errors": [
                {"pointer": "/nickname", "detail": "This field is not known here.", "code": "unknown-field"}
            ],
        }
    ],
}
_TEXT = {"schema": {"type": "string"}}
_HEADERS: dict[str, Any] = {
    "RateLimit": _TEXT
    | {"description": 'What is left: `"api";r=299;t=60` (draft-ietf-httpapi-ratelimit-headers).'},
    "RateLimit-Policy": _TEXT | {"description": 'What is allowed: `"api";q=300;w=60`.'},
    "Retry-After": {
        "schema": {"type": "integer"},
        "description": "Seconds; with 429, 503 and a 409 in flight.",
    },
    "WWW-Authenticate": _TEXT | {"description": "What to bring; with 401."},
    "DPoP-Nonce": _TEXT
    | {"description": "To apps: the `nonce` for the next proof (RFC 9449, 8). Good for five minutes."},
    "Idempotency-Replayed": _TEXT
    | {"description": "`true` when this is the stored answer of an earlier request."},
}
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 8, "maxLength": 255, "pattern": r"^[!#-~][!-~]{6,253}[!#-~]$"},
    OpenApiParameter.HEADER,
    required=True,
    description="A new random value for each thing you want done; the same one when you repeat a request whose answer "
    "was lost. Missing: 400. The first request still runs: 409. Another body: 422. A repeat gets the first answer.",
)


class PortalSchema(AutoSchema):
    """Adds the headers that mixins ask for, and says that strict bodies take no further names."""

    def get_override_parameters(self) -> list[Any]:
        """`Idempotency-Key` where money moves."""
        if isinstance(self.view, IdempotentMixin) and self.method == "POST":
            return [_IDEMPOTENCY_KEY]
        return []

    def get_summary(self) -> str | None:
        """The first sentence of the description, where a view does not say another."""
        said: str | None = super().get_summary()
        return said or self.get_description().split(". ")[0].split("\n")[0].rstrip(".") or None

    def get_tags(self) -> list[str]:
        """The part of the API by its first word, where a view does not say another: "Top-ups"."""
        first: str = super().get_tags()[0]
        return [first.capitalize()]

    def _map_serializer(
        self, serializer: Any, direction: Any, bypass_extensions: bool = False
    ) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_serializer(  # type: ignore[no-untyped-call]
            serializer, direction, bypass_extensions
        )
        kind = serializer if isinstance(serializer, type) else type(serializer)
        if issubclass(kind, StrictSerializer):
            schema["additionalProperties"] = False
        return schema


def describe_problems(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Every operation may answer with a problem, and every answer carries the limits: say so once for all of them."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["headers"] = _HEADERS
    components.setdefault("responses", {})["Problem"] = {
        "description": "Refused; nothing has changed.",
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "DPoP-Nonce")
        },
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            _describe_operation(operation)
    return result


def _describe_operation(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    for status, response in responses.items():
        if status.startswith("2"):
            names = ["RateLimit", "RateLimit-Policy"]
            if any(name.startswith("DPoP") for one in operation.get("security", []) for name in one):
                names.append("DPoP-Nonce")
            if any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", [])):
                names.append("Idempotency-Replayed")
            for name in names:
                response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}
    responses.setdefault("default", {"$ref": "#/components/responses/Problem"})
