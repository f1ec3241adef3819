"""The OpenAPI document and the page that shows it. Both are public: they tell nothing that an app does not know."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from csp.decorators import csp_update
from django.http import HttpResponseBase
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from wallet_site.api.etags import tagged


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document: made once per process, as making it costs half a second."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found["info"]["description"] = (Path(__file__).parent / "about.md").read_text(encoding="utf-8")
    return found


class SchemaView(APIView):
    """`/api/v1/schema`: the document as JSON."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (OpenApiJsonRenderer,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """With an ETag: a client's build asks often, the document changes seldom."""
        response = tagged(request, document())
        response.headers["Cache-Control"] = "public, max-age=300"
        return response


# Swagger UI's own style sheet draws its arrows from data: URLs. Pictures only; scripts and styles stay our own.
@method_decorator(csp_update({"img-src": ["data:"]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """`/api/v1/docs`: Swagger UI for reading. It sends nothing: it holds no device key to prove a request with."""

    throttle_classes = ()
    url_name = "api:v1:schema"
    template_name = "api/docs.html"

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Here only to carry the decorator."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response
