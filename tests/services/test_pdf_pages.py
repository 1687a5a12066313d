"""Reports are tagged PDFs too: written page by page, they follow PDF/UA-1 by another's checks."""

from __future__ import annotations

import io
import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.services.pdf_pages import LARGE_PRINT, SMALL_PRINT, PdfPages, Print
from tests.pdf_checks import faults_of, pypdf, structure_of, text_of_pdf

Put = tuple[str, int, bool]
ODD = "née \u0141 \u05e9 \u0639 \u6f22 \U0001f600 \x07 (\\) <b> & \ufffe"


def written(*lines: Put, title: str = "Entries", kind: Print = SMALL_PRINT) -> bytes:
    file = io.BytesIO()
    pages = PdfPages(file, title, kind)
    for text, indent, strong in lines:
        pages.line(text, indent=indent, strong=strong)
    pages.close()
    return file.getvalue()


REPORT = (
    ("Entries of the log", 0, False),
    ("", 0, False),
    ("Who saw what", 0, True),
    *((f"entry {number}: {'word ' * 40}{'A0' * 90}", 2, False) for number in range(60)),
    (ODD, 0, False),
)


@pytest.mark.parametrize("kind", [SMALL_PRINT, LARGE_PRINT], ids=["small", "large"])
def test_a_report_follows_pdf_ua_by_the_checks_of_another(kind: Print) -> None:
    data = written(*REPORT, title=f"Entries {ODD}", kind=kind)
    assert faults_of(data) == []
    assert b"<pdfuaid:part>1</pdfuaid:part>" in data
    assert faults_of(data.replace(b"/FontFile2", b"/FontFileX")) == ["PDFUA1-FONT-EMBEDDING-001"]
    found = structure_of(data)
    kinds = [name for name, _ in found if name != "Sect"]
    assert kinds == ["Document", "H1", "H2", *["P"] * 61]
    assert found[-1] == ("P", ODD), "what the font has no letters for"
    assert {exact for _, exact in found[:-1]} == {""}, "what can be copied is not said twice"


@pytest.mark.parametrize("lines", [(), (("", 0, False),)], ids=["nothing", "an empty line"])
def test_a_report_of_nothing_is_whole(lines: tuple[Put, ...]) -> None:
    assert faults_of(written(*lines, title="")) == []


def test_every_mark_is_in_the_tree_and_every_word_on_a_page() -> None:
    data = written(*REPORT)
    reader = pypdf.PdfReader(io.BytesIO(data), strict=True)
    assert len(reader.pages) > 2
    nums = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    for place, page in enumerate(reader.pages):
        content = page.get_contents().get_data()
        marks = content.count(b"/MCID")
        assert content.count(b"BDC") == marks == len(nums[2 * place + 1].get_object())
        assert content.count(b"BMC") == 1
        assert page["/StructParents"] == place
        for across, down in re.findall(rb" ([\d.]+) ([\d.]+) Td ", content):
            assert 50 < float(across) < 200
            assert 30 < float(down) < 800
    text = text_of_pdf(data)
    assert text.count("word") == 60 * 40
    assert text.count("A") >= 60 * 90, "a long word is cut between lines, no letter is lost"
    assert f"Page {len(reader.pages)}" in text


def test_what_is_kept_of_a_page_is_where_its_objects_begin() -> None:
    file = io.BytesIO()
    pages = PdfPages(file, "Entries")
    for number in range(2_000):
        pages.line(f"entry {number}")
    assert len(pages._drawn) + len(pages._marked) + len(pages._begun) < 3 * 80
    assert pages._starts.itemsize == 8
    assert len(file.getvalue()) > 50_000, "written before it is closed"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_out_of_a_page(text: str) -> None:
    data = written((text, 0, False), title=text)
    shown = rb"/(H1|Artifact) (<</MCID \d+>> BDC|BMC) BT [^<>()]* <[0-9A-F]*> Tj ET EMC"
    streams = rb"<</Filter/FlateDecode/Length \d+>>\nstream\n(.*?)\nendstream"
    pages = [zlib.decompress(one) for one in re.findall(streams, data, re.DOTALL)]
    drawn = [one for one in pages if one.startswith(b"/") and b"BMC" in one]
    assert drawn
    for line in b"\n".join(drawn).split(b"\n"):
        assert re.fullmatch(shown, line), line
