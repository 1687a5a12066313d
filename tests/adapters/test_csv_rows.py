"""Rows of broken files: read or named by line, never a failure, and the same from any place."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.formats.csv_rows import (
    FORMULA,
    LONGEST_ROW,
    CsvError,
    CsvRow,
    FileFault,
    Layout,
    Place,
    RowFault,
    read_layout,
    read_rows,
    write_line,
)

NAUGHTY: list[str] = tomllib.loads(
    (Path(__file__).parents[1] / "tables" / "naughty_strings.toml").read_text(encoding="utf-8")
)["strings"]
BOM = b"\xef\xbb\xbf"


def pieces(data: bytes, size: int = 7) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def everything(data: bytes, size: int = 7) -> tuple[Layout, list[CsvRow]]:
    layout = read_layout(pieces(data, size))
    rows = read_rows(pieces(data[layout.rows.offset :], size), layout, layout.rows)
    return layout, list(rows)


def cells(data: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in everything(data)[1]]


def faults(data: bytes) -> list[tuple[int, RowFault | None]]:
    return [(row.line, row.fault) for row in everything(data)[1]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_separators_and_line_ends_of_every_kind_are_read(
    delimiter: str, end: str, size: int
) -> None:
    text = end.join([delimiter.join(["a", "b"]), delimiter.join(["1", "2"]), ""])
    layout, rows = everything(text.encode(), size)
    assert layout.columns == ("a", "b")
    assert [row.cells for row in rows] == [("1", "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_an_accent_is_an_accent_however_it_was_saved(encoding: str) -> None:
    layout, rows = everything("prénom,n\nZoë,“x” €\n".encode(encoding))
    assert layout.columns == ("prénom", "n")
    assert rows[0].cells == ("Zoë", "“x” €")


def test_a_file_that_mixes_encodings_is_read_line_by_line() -> None:
    data = b"a,b\n" + "é,1\n".encode() + "é,2\n".encode("windows-1252")
    assert cells(data) == [("é", "1"), ("é", "2")]


def test_cells_hold_separators_quotes_and_line_breaks() -> None:
    assert cells(b'a,b\n"x, y","he said ""no""\nand left"\n1,2\n') == [
        ("x, y", 'he said "no"\nand left'),
        ("1", "2"),
    ]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    data = b'a,b\n"1\n1",2\n\n,\n3,4\n'
    assert [row.line for row in everything(data)[1]] == [2, 6]


def test_ragged_rows_are_named_and_trailing_separators_forgiven() -> None:
    data = b"a,b,c\n1,2\n1,2,3,,\n1,2,3,4\n1,2,3\n"
    assert faults(data) == [(2, RowFault.CELLS), (3, None), (4, RowFault.CELLS), (5, None)]


def test_a_quote_that_nobody_closed_costs_its_own_line_alone() -> None:
    data = b'a,b\n"1,2\n3,4\n5,6\n'
    assert faults(data) == [(2, RowFault.QUOTES), (3, None), (4, None)]
    assert cells(b'a,b\n"x"y,2\n3,4\n')[1] == ("3", "4")


def test_a_quote_opened_long_before_the_end_does_not_swallow_the_file() -> None:
    lines = b"".join(b"%d,%d\n" % (n, n) for n in range(20_000))
    rows = everything(b'a,b\n"1,2\n' + lines, 4096)[1]
    assert rows[0].fault is RowFault.QUOTES
    assert len([row for row in rows if row.fault is None]) == 20_000


def test_a_line_longer_than_any_row_is_named_and_skipped() -> None:
    data = b"a,b\n" + b"x" * (LONGEST_ROW * 3) + b",1\n3,4\n"
    assert faults(data) == [(2, RowFault.TOO_LONG), (3, None)]
    assert everything(data, 1000)[1][1].cells == ("3", "4")


def test_unreadable_characters_are_named_with_their_column() -> None:
    rows = everything(b"a,b\n1,x\x00y\n\x81,2\n3," + b"z" * 6000 + b"\n")[1]
    assert [(row.line, row.fault, row.column) for row in rows] == [
        (2, RowFault.NUL, 1),
        (3, RowFault.CHARACTERS, 0),
        (4, RowFault.CELL_TOO_LONG, 1),
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", FileFault.EMPTY),
        (b"\n\n\n", FileFault.NO_HEADER),
        (b",,,\n1,2,3,4\n", FileFault.NO_HEADER),
        ("a,b\n".encode("utf-16"), FileFault.NO_TEXT),
        (b"a\x00,b\n", FileFault.NO_TEXT),
        (",".join(f"c{n}" for n in range(101)).encode(), FileFault.TOO_MANY_COLUMNS),
    ],
)
def test_a_file_that_is_no_table_is_refused(data: bytes, fault: FileFault) -> None:
    with pytest.raises(CsvError) as refusal:
        read_layout([data])
    assert refusal.value.fault is fault


def test_the_separator_is_the_one_under_which_the_columns_are_known() -> None:
    data = [b"visit,date;note;agreed\n"]
    assert read_layout(data).delimiter == ";"
    assert read_layout(data, ["visit"]).delimiter == ","


def test_a_header_with_a_byte_order_mark_has_its_own_first_name() -> None:
    assert read_layout([BOM + b"a,b\n"]).columns == ("a", "b")


@given(
    rows=st.lists(st.lists(st.sampled_from(['"', ",", "\n", "a", " ", "é", "'", "="]), max_size=9)),
    size=st.integers(1, 40),
)
def test_reading_on_from_any_row_gives_the_same_rows(rows: list[list[str]], size: int) -> None:
    data = ("h,i\n" + "\n".join("".join(row) for row in rows)).encode()
    layout, whole = everything(data, size)
    for position, row in enumerate(whole):
        rest = read_rows(pieces(data[row.next.offset :], size), layout, row.next)
        assert [(one.line, one.cells) for one in rest] == [
            (one.line, one.cells) for one in whole[position + 1 :]
        ]


@given(
    st.lists(
        st.lists(
            st.text(max_size=30).filter(lambda t: "\0" not in t and (t.strip() or not t)),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    )
)
def test_what_is_written_is_read_back_as_it_was(rows: list[list[str]]) -> None:
    try:
        data = "".join(write_line(row) for row in [["h", "i"], *rows]).encode()
    except UnicodeEncodeError:
        return
    expected = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assert [row.cells for row in everything(data)[1]] == expected


@pytest.mark.parametrize("text", NAUGHTY)
def test_odd_text_in_a_cell_is_a_cell_or_a_named_fault(text: str) -> None:
    for data in (f"a,b\n{text},1\n", f'a,b\n"{text}",1\n', f"a,b\n1,{text}"):
        for row in everything(data.encode("utf-8", "replace"))[1]:
            assert row.fault is None or row.fault in RowFault
            assert row.line >= 2


def test_no_cell_that_goes_back_is_a_formula(external_data: Path) -> None:
    folder = external_data / "csv-injection" / "Intruder"
    payloads = (folder / "csv-payload.txt").read_text(encoding="utf-8").splitlines()
    assert payloads
    spaced = [f" {one}" for one in payloads] + [f"\t{one}" for one in payloads]
    for payload in [*payloads, *spaced, *NAUGHTY, "+441234", "-1", "＝1+1", "'=1"]:
        (row,) = csv.reader(io.StringIO(write_line([payload, "x"])))
        assert row[0].lstrip()[:1] not in FORMULA or not row[0].strip(), payload
        assert row[0][:1] not in FORMULA, payload


def test_a_place_in_the_file_is_a_byte_and_a_line() -> None:
    layout, rows = everything("a,b\né,1\n".encode())
    assert layout.rows == Place(4, 1)
    assert rows[0].next == Place(9, 2)
