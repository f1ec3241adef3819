"""The app's addresses for leaving."""

from __future__ import annotations

from django.urls import path

from payments.api import closures

urlpatterns = [
    path("closure", closures.ClosureView.as_view(), name="closure"),
    path("data-export", closures.DataExportView.as_view(), name="data_export"),
    path("data-export/file", closures.DataExportFileView.as_view(), name="data_export_file"),
]
