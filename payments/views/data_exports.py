"""A copy of one's own data: asking for it, and fetching it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from payments.actions.data_exports import FILE_NAME, ask_for_export, download
from payments.closure_queries import export_of
from payments.customers import customer_of
from wallet_site.downloads import zip_file
from wallet_site.web import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
def data_export(request: HttpRequest) -> HttpResponse:
    """What a copy holds, and how far the one that was asked for is. While it is made, that part asks for itself."""
    user = customer_of(request)
    if request.method == "POST":
        ask_for_export(user, actor=actor_of(request))
        messages.success(request, _("We are putting the copy together."))
        return redirect("payments:data_export")
    is_part = bool(request.headers.get("HX-Request"))
    template = "payments/data_export_state.html" if is_part else "payments/data_export.html"
    return render(request, template, {"nav": "security", "export": export_of(user)})


@require_GET
def data_export_download(request: HttpRequest) -> HttpResponse:
    """The ZIP file, after a fresh second factor."""
    content = download(customer_of(request), actor=actor_of(request))
    return zip_file(FILE_NAME, content)
