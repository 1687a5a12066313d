"""Sheets are tagged PDFs: another library reads their structure, words and data back."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import DocumentKind, FormatError
from adapters.formats import message_words, sheet_words
from adapters.formats.embedded_font import FONT, Font, embedded
from adapters.formats.hub_json import HubJson
from adapters.formats.sheet import ReferralSheet
from adapters.formats.tagged_pdf import Line, Sheet, write_sheet
from referral_hub.web.labels import Labels
from tests.adapters.test_outbound_formats import OFFER
from tests.pdf_checks import faults_of, structure_of

pypdf = pytest.importorskip("pypdf")
FIELDS = dict(OFFER.fields) | {
    "identity.family_name": "Łukasiewicz-Ó Briain (née \\ Žižek)",
    "contact.preferences": {"preferred": ["phone"], "never": ["post"], "note": "After ten"},
    "access_needs.language": {"tag": "pl", "interpreter": True},
    "access_needs.access": {"needs": ["step_free"], "note": ""},
    "need.task_note": "word " * 600,
}


def test_a_sheet_says_its_language_title_order_and_words() -> None:
    data = ReferralSheet().write(replace(OFFER, fields=FIELDS))
    reader = pypdf.PdfReader(io.BytesIO(data), strict=True)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Referral: RH-4KT2"
    found = structure_of(data)
    assert [kind for kind, _ in found][:5] == ["Document", "H1", "P", "P", "P"]
    rows = [words for kind, words in found if kind in {"TH", "TD"}]
    told = dict(zip(rows[::2], rows[1::2], strict=True))
    assert told["Last name"] == FIELDS["identity.family_name"]
    assert told["How to make contact"] == "Prefers: Phone call\nNever: Letter\nAfter ten"
    assert told["NHS number"] == "999 000 0018"
    assert told["What would help"] == "Lifts to places\nGarden or jobs in the home"
    assert list(told)[:2] == ["First name", "Last name"]
    assert found[-1] == ("P", "Destroy this sheet and every copy when your part has ended.")


def test_every_mark_on_every_page_is_in_the_tree_and_every_word_is_on_a_page() -> None:
    data = ReferralSheet().write(replace(OFFER, fields=FIELDS))
    reader = pypdf.PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 2
    tree = reader.trailer["/Root"]["/StructTreeRoot"]
    nums = tree["/ParentTree"]["/Nums"]
    for place, page in enumerate(reader.pages):
        content = page.get_contents().get_data()
        marks = content.count(b"/MCID")
        assert content.count(b"BDC") == marks
        assert content.count(b"BMC") == 1  # the page's number alone is outside of the structure
        assert page["/StructParents"] == place
        assert len(nums[2 * place + 1]) == marks
        assert page["/Tabs"] == "/S"
    text = "".join(page.extract_text() for page in reader.pages)
    assert text.count("word") == 600
    assert "Page 2 of 2" in text


ODD = "née \u0301 \u0141 \ufb01 \u05e9 \u03ae \u0416 \u1ead \u0639 \u6f22 \U0001f600 \x07 \ufffd"


@pytest.mark.parametrize("typed", ["Quillfeather", ODD, ""], ids=["plain", "odd", "nothing"])
def test_a_sheet_follows_pdf_ua_by_the_checks_of_another(typed: str) -> None:
    fields = FIELDS | {"identity.family_name": typed}
    data = ReferralSheet().write(replace(OFFER, fields=fields))
    assert faults_of(data) == []
    assert b"<pdfuaid:part>1</pdfuaid:part>" in data
    assert faults_of(data.replace(b"/FontFile2", b"/FontFileX")) == ["PDFUA1-FONT-EMBEDDING-001"]
    told = write_sheet(Sheet(f"Title {typed}", [typed], []))
    assert faults_of(told) == []


def test_the_letters_that_are_shown_can_be_copied_as_what_they_are() -> None:
    shown = "Łukasiewicz-Ó Žižek — “ậ” Жή שׁ"
    reader = pypdf.PdfReader(io.BytesIO(write_sheet(Sheet("Title", [shown, "عر"], []))))
    (page,) = reader.pages
    font = page["/Resources"]["/Font"]["/F1"]
    (inside,) = font["/DescendantFonts"]
    assert "/FontFile2" in inside.get_object()["/FontDescriptor"]
    text = page.extract_text()
    assert "Łukasiewicz-Ó Žižek — “ậ” Жή" in text
    assert "??" in text, "what the font has no letter for"


def test_a_part_of_the_font_has_the_outlines_of_its_letters_and_no_others() -> None:
    font = embedded()
    letter, made = font.glyph("e"), font.glyph("é")
    data = font.part([made])
    whole, part = (TTFont(io.BytesIO(one)) for one in (FONT.read_bytes(), data))
    drawn = [one["glyf"][one.getGlyphName(made)].compile(one["glyf"]) for one in (part, whole)]
    assert drawn[0] == drawn[1]
    shown = {
        place
        for place, name in enumerate(part.getGlyphOrder())
        if part["glyf"][name].numberOfContours
    }
    assert {made, letter} <= shown, "é is made of e and an accent"
    assert font.glyph("Q") not in shown
    assert len(shown) < 6
    assert font.part([made]) == data
    part = Font(data)
    assert (part.width(made), part.units) == (font.width(made), font.units)


def test_the_same_lies_inside_as_data() -> None:
    document = replace(OFFER, fields=FIELDS)
    reader = pypdf.PdfReader(io.BytesIO(ReferralSheet().write(document)))
    (attached,) = reader.attachments["referral.json"]
    assert HubJson().read(attached).fields == FIELDS
    assert json.loads(attached)["reference"] == "RH-4KT2"


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_kind_has_its_words(kind: DocumentKind) -> None:
    document = replace(OFFER, kind=kind, fields=FIELDS if kind.discloses else {})
    found = structure_of(ReferralSheet().write(document))
    assert found[1] == ("H1", f"{sheet_words.KINDS[kind]}: RH-4KT2")
    assert ("Table" in [one for one, _ in found]) is kind.discloses


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=300)), max_size=20))
@settings(max_examples=30)
def test_whatever_was_typed_is_a_file_that_opens(rows: list[tuple[str, str]]) -> None:
    try:
        str(rows).encode()
    except UnicodeEncodeError:
        return
    data = write_sheet(Sheet("Title", [], [Line(label, (value,)) for label, value in rows]))
    reader = pypdf.PdfReader(io.BytesIO(data), strict=True)
    assert len(reader.pages) >= 1
    cells = [words for kind, words in structure_of(data) if kind == "TD"]
    assert cells == [value for _, value in rows]


def test_odd_fields_are_an_error_that_names_the_member() -> None:
    odd = replace(OFFER, fields={"access_needs.language": "Polish"})
    with pytest.raises(FormatError, match="fields:"):
        ReferralSheet().write(odd)


def test_the_words_are_those_of_the_hubs_pages() -> None:
    labels = Labels()
    for table, ours in (
        ("Field", sheet_words.FIELDS), ("NeedCode", sheet_words.NEEDS),
        ("ContactMethod", sheet_words.CONTACT), ("AccessNeed", sheet_words.ACCESS),
        ("Priority", sheet_words.PRIORITIES), ("TaskState", message_words.STATES),
        ("DeclineReason", message_words.REASONS), ("ClosingOutcome", message_words.OUTCOMES),
    ):  # fmt: skip
        assert ours == dict(labels.table(table))
