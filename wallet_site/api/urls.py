"""Everything under `/api/`: one document, one page that shows it, every app's part, and nothing else."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from wallet_site.api.docs import DocsView, SchemaView
from wallet_site.api.failures import UnknownPath

app_name = "api"

v1: list[URLPattern | URLResolver] = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
    path("", include("accounts.api.urls")),
    path("", include("payments.api.urls")),
]

urlpatterns = [
    path("v1/", include((v1, "v1"))),
    re_path(r"", UnknownPath.as_view()),
]
