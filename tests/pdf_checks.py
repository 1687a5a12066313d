"""Our PDFs as other libraries read them: their structure, their words, and what is wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

pypdf = pytest.importorskip("pypdf")
page_checks = pytest.importorskip("page")


def faults_of(data: bytes) -> list[str]:
    """What another's checks of PDF/UA-1 find wrong."""
    report = page_checks.validate_pdf_bytes(data, profile=page_checks.ValidationProfile.PDF_UA_1)
    assert report.rules.total > 100
    return [failure.rule_id for failure in report.failures]


def text_of_pdf(data: bytes) -> str:
    """Every word on every page."""
    reader = pypdf.PdfReader(io.BytesIO(data), strict=True)
    return "\n".join(page.extract_text() for page in reader.pages)


def structure_of(data: bytes) -> list[tuple[str, str]]:
    """Every element in reading order: (kind, its exact words where they are stated)."""
    root = pypdf.PdfReader(io.BytesIO(data)).trailer["/Root"]
    return list(_below(root["/StructTreeRoot"]["/K"]))


def _below(element: Any) -> Iterator[tuple[str, str]]:
    found = element.get_object()
    if "/S" not in found:
        return
    yield str(found["/S"])[1:], str(found.get("/ActualText", ""))
    for kid in found["/K"]:
        yield from _below(kid)
