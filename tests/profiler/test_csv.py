"""Tables in CSV: how the columns and the header are found, what is refused, and what is bounded."""

from __future__ import annotations

import csv as stdlib_csv
import io
import string
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.delimited import read_csv
from profiler.errors import ContentError, TooLargeError, UnreadableError
from profiler.records import delimiter_of, records_of
from tests.profiler.files import LIMITS, csv, iris, limits, look, refused


def rows(data: bytes) -> list[tuple[str | None, ...]]:
    return read_csv(data, LIMITS).frame.rows()


@pytest.mark.parametrize(
    ("mark", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")]
)
def test_the_delimiter_is_found_and_said(mark: str, name: str) -> None:
    details = look(csv(mark.join("abc"), mark.join("123"), mark.join("456"))).details
    assert details.delimiter == mark
    assert [column.name for column in details.columns] == ["a", "b", "c"]
    assert f"fields are delimited by {name}" in details.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1,5;2,5\n3,5;4\n", ";"),
        ("a,b,c;d\n1,2,3\n4,5,6\n", ","),
        ('"x,y";z\n"1,2";3\n', ";"),
        ('name,text\na,"x; y; z"\nb,"p; q"\n', ","),
        ("alone\n1\n2\n", ","),
        ("alone\na, b\nc; d\n", ","),
        ("a\tb\n1,2\t3,4\n", "\t"),
        ("", ","),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1,234\t5\n6,789\t1\n", "\t"),
        ("a|b|c,d\r\n1|2|3\r\n", "|"),
    ],
)
def test_delimiters_that_could_be_another(text: str, expected: str) -> None:
    assert delimiter_of(text.encode()) == expected


def test_a_long_file_is_judged_by_its_start() -> None:
    assert delimiter_of(b"a;b\n" + b"1;2\n" * 50_000) == ";"


def test_a_byte_order_mark_is_skipped() -> None:
    details = look(b"\xef\xbb\xbf" + csv("a,b", "1,2")).details
    assert details.columns[0].name == "a"
    assert "the byte order mark at the start was skipped" in details.notes


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(end: str, last: bool) -> None:
    text = end.join(("a,b", "1,2", "3,4")) + end * last
    assert rows(text.encode()) == [("1", "2"), ("3", "4")]


def test_quotes_hold_delimiters_line_ends_and_quotes() -> None:
    data = csv("a,b", '"x, y",1', '"two\nlines",2', '"say ""hi""",3', '"",4')
    assert [row[0] for row in rows(data)][:3] == ["x, y", "two\nlines", 'say "hi"']
    assert look(data).facts["n_rows"] == 4


def test_quotes_behind_a_backslash_are_doubled() -> None:
    """As MySQL writes them; a backslash at the end of a field is one."""
    assert rows(csv("a,b", r'"say \"hi\", he said",1'))[0][0] == 'say "hi", he said'
    assert rows(csv("a,b", '"C:\\dir\\",1'))[0][0] == "C:\\dir\\"


def test_names_may_be_quoted_and_hold_anything() -> None:
    data = csv('"a\nb","c,d", e ', "1,2,3")
    assert read_csv(data, LIMITS).names == ("a\nb", "c,d", "e")


def test_unnamed_columns_are_named_by_position() -> None:
    details = look(csv(",a,", "0,1,2", "1,5,6")).details
    assert [column.name for column in details.columns] == ["column_1", "a", "column_3"]
    assert any('2 columns without a name called "column_1", "column_3"' in n for n in details.notes)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a,b\n1,2\n3\n", "line 3 has 1 field but the header has 2"),
        ("a,b\n1,2\n3,4,5\n", "line 3 has 3 fields but the header has 2"),
        ('a,b\n"x\ny",2\n3\n', "line 4 has 1 field"),
        ("a,b\r1,2\r3\r", "line 3 has 1 field"),
        ("\n\na,b\n1,2\n3\n", "line 5 has 1 field"),
        ("a title\na,b\n1,2\n", "line 2 has 2 fields but the header has 1"),
        ("a,b\n1,2,3\n3,4,5\n", "line 2 has 3 fields but the header has 2"),
        ("# a comment\na,b\n1,2\n3\n", "line 4 has 1 field"),
        ("sep=;\na;b\n1;2\n3\n", "line 4 has 1 field"),
        ('a,b\n1,2\n5" pipe,2\n6" pipe,3\n7",4\n', "the first to mend is at line 3, column 2"),
        ('a,b\n1,"say \\"hi\\""\n5" x,2\n', "one that does not fit at line 3, column 2"),
        ('a,b\n"1,2\n3,4\n', "line 2 has 1 field"),
        ('a,b\n5" pipe,2\n6" pipe,3\n7",4\n', "double quotes"),
        ('a,b\n"1"2,3\n', "double quotes"),
        ('a\n"x\n', "double quotes"),
        ("\n\r\n\n", "only blank lines"),
        ("\ufeff", "only blank lines"),
        ('a"b"c,d\n"x"y,2\n', "double quotes"),
    ],
)
def test_broken_shapes_are_named(text: str, part: str) -> None:
    refused(text.encode(), UnreadableError, part)


def test_blank_lines_are_skipped_and_counted() -> None:
    data = b"\n\na,b\r\n\r\n1,2\n\n\n3,4\n\n"
    assert rows(data) == [("1", "2"), ("3", "4")]
    assert "6 blank lines skipped" in look(data).details.notes


def test_in_one_column_a_blank_line_is_a_missing_value() -> None:
    data = b"\na\n1\n\n2\n\n\n"
    assert rows(data) == [("1",), (None,), ("2",)]
    assert look(data).details.columns[0].missing_share == pytest.approx(1 / 3)
    assert look(data).details.delimiter is None


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "a", "\na,b\n\n"])
def test_a_header_without_rows(text: str) -> None:
    refused(text.encode(), ContentError, "0 rows below its header")


def test_double_names() -> None:
    refused(csv("a,b,a", "1,2,3"), ContentError, 'column name "a" occurs more than once')
    refused(csv("column_2,", "1,2"), ContentError, "column_2")


def test_a_name_of_a_megabyte() -> None:
    refused(csv("x" * 10**6 + ",b", "1,2"), ContentError, "1,000,000 characters; the limit is 200")


def test_many_bad_things_are_listed_in_part() -> None:
    data = csv("," * 30, "1" + ",1" * 30)
    assert '31 columns without a name called "column_1"' in " ".join(look(data).details.notes)


def test_a_field_of_megabytes() -> None:
    details = look(csv("a,b", "x" * 5_000_000 + ",1", "y,2")).details
    assert [column.distinct for column in details.columns] == [2, 2]


HEADLESS = {
    "iris": iris().write_csv(include_header=False).encode(),
    "one column": csv(*(f"{(i * 7) % 30}.5" for i in range(30))),
    "mushrooms": csv(*(f"{'pe'[i % 2]},{'xbs'[i % 3]},{'yn'[i % 2]}" for i in range(30))),
    "cells that repeat": csv("1,1,1", *(f"{i % 5},{i % 3},{i % 2}" for i in range(30))),
}


@pytest.mark.parametrize("case", HEADLESS)
def test_a_first_line_of_data_is_a_row(case: str) -> None:
    """Not a header eaten: the columns are named by position, and that is said."""
    data = HEADLESS[case]
    table = read_csv(data, LIMITS)
    assert table.rows == data.count(b"\n")
    assert table.names[0] == "column_1"
    assert table.frame.row(0) == tuple(data.split(b"\n")[0].decode().split(","))
    assert any("the first line looks like data" in warning for warning in table.warnings)


@pytest.mark.parametrize(
    "header",
    ["a,b,c", "2001,2002,2003", "0,1,2", "400.5,401.0,401.5", "1,b,c", "9000,7000,8500", "x,,y"],
)
def test_a_header_is_a_header(header: str) -> None:
    """Names may be numbers too: years, pixels and wavelengths."""
    table = read_csv(csv(header, *(f"{i % 7}.5,{i % 3},{i}" for i in range(30))), LIMITS)
    assert (table.rows, table.warnings) == (30, ())


def test_a_header_of_texts_that_occur_once_below() -> None:
    table = read_csv(csv("name,kind", "name,a", *(f"n{i},b" for i in range(30))), LIMITS)
    assert table.names == ("name", "kind")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("sep=;\na;b\n1;2\n3;4\n", "the first line names the delimiter, as Excel has it"),
        ('"sep=|"\r\na|b\r\n1|2\r\n3|4\r\n', "fields are delimited by pipe"),
        ("# by hand\n#\n\na,b\n1,2\n3,4\n", "2 comment lines before the header skipped"),
        ("#a,b\n1,2\n3,4\n", "the header is written as a comment; its # was left out"),
        ("# by hand, 2024\n# a,b\n1,2\n3,4\n", "its # was left out"),
        ("a,b\n1,2\n# a break\n3,4\n", "1 comment line between the rows skipped"),
        ("a,b,,\n1,2,,\n3,4,,\n", "2 empty columns without a name left out"),
        ("a,b\n1,2,\n3,4,\n", "every row ends in a delimiter that the header does not have"),
        ("a,b,\n1,2\n3,4\n", "the header ends in a delimiter that the rows do not have"),
        ("a,b\n1,2\n3,4\n,\n,\n", "2 empty rows at the end left out"),
        ("a b\n1 2\n3 4\n", "fields are delimited by spaces"),
        ("  a    b\n  1    2\n  3    4  \n", "fields are delimited by spaces"),
        ("'a','b'\n1,2\n3,4\n", "the single quotes around the column names were left out"),
    ],
)
def test_what_stands_around_a_table(text: str, note: str) -> None:
    details = look(text.encode()).details
    assert [column.name for column in details.columns] == ["a", "b"]
    assert rows(text.encode()) == [("1", "2"), ("3", "4")]
    assert any(note in found for found in details.notes), details.notes
    assert not any("blank line" in found for found in details.notes if "#\n\n" not in text)


@pytest.mark.parametrize("text", ["a,b\nx,1,2\ny,3,4\n", "a,b\n1,1,2\n2,3,4\n"])
def test_the_names_of_rows_have_no_name(text: str) -> None:
    """As R's write.table leaves them."""
    table = read_csv(text.encode(), LIMITS)
    assert table.names == ("column_1", "a", "b")
    assert any("one name fewer than the rows have fields" in note for note in table.notes)


def test_words_are_not_delimited_by_spaces() -> None:
    assert rows(csv("name", "Ada Lovelace", "Alan Turing", "Grace Hopper"))[0] == ("Ada Lovelace",)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"a,b\n1,\xe9\n", "line 2, column 3"),
        ("a,b\né,".encode() + b"\xe9\n", "line 2, column 3"),
        (b"a,b\n1\0,2\n", "line 2, column 2"),
    ],
)
def test_bad_bytes_are_placed(data: bytes, place: str) -> None:
    refused(data, UnreadableError, place)


def test_more_rows_than_the_limit() -> None:
    data = csv("a,b", *["1,2"] * 12)
    part = "file holds 12 rows; the limit is 11: send a sample"
    refused(data, TooLargeError, part, allowed=limits(max_rows=11))
    assert look(data, allowed=limits(max_rows=12)).facts["n_rows"] == 12


def test_a_million_rows_and_a_fifth() -> None:
    part = "file holds 1,200,000 rows; the limit is 1,000,000: send a sample"
    refused(b"a\n" + b"1\n" * 1_200_000, TooLargeError, part)


def test_more_columns_than_the_limit() -> None:
    data = csv(",".join(f"c{i}" for i in range(9)), ",".join("123456789"))
    part = "file holds 9 columns; the limit is 8"
    refused(data, TooLargeError, part, allowed=limits(max_columns=8))


def test_cells_are_counted_before_they_are_built() -> None:
    """A cell may be a byte in the file and takes 16 in memory."""
    part = "file unpacks to a table of 3,200 bytes; the limit is 3,000"
    refused(csv("a,b", *[","] * 100), TooLargeError, part, allowed=limits(max_unpacked_bytes=3000))


MEASURED = """
import resource, sys
from profiler.errors import ProfilerError
from profiler import delimited, facts
from tests.profiler.files import look
import polars
data = eval(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(look(data).facts["n_rows"])
except ProfilerError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("b';\\n' * 2**24", "file holds 16,777,215 rows; the limit is 1,000,000"),
        ("b'\\r' * 2**25", "file holds only blank lines"),
        ("b'a\\n' + b'\\n' * (2**25 - 4) + b'b\\n'", "file holds 33,554,429 rows"),
        ("b'a,b\\n' + b'\\r\\n' * (2**24 - 8) + b'1,2\\n'", "1"),
        ("b'a\\n' + b',' * (2**25 - 2)", "line 2 has 33,554,431 fields"),
        ("b'\"a\"\\n' + b'\"\"\\n' * 10**7", "file holds 10,000,000 rows"),
    ],
    ids=["semicolons", "carriage returns", "one column", "blank lines", "fields", "quotes"],
)
def test_records_are_counted_before_they_are_collected(data: str, said: str) -> None:
    """32 MiB of the shortest records there are: memory for their offsets alone would be 1.2 GB."""
    found = subprocess.run(
        [sys.executable, "-c", MEASURED, data], capture_output=True, text=True, check=True
    )
    message, megabytes = found.stdout.splitlines()
    assert message.startswith(said)
    assert int(megabytes) < 400


@pytest.mark.parametrize("block", [1, 2, 7])
def test_fields_are_counted_block_by_block(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = csv("a,b,c", *[f"{'x' * i},,{i}" for i in range(9)])
    whole = records_of(data, ",", b"\n", LIMITS)
    monkeypatch.setattr("profiler.records._BLOCK", block)
    assert records_of(data, ",", b"\n", LIMITS).fields.tolist() == whole.fields.tolist() == [3] * 10


def test_short_rows_cannot_stand_for_many_cells() -> None:
    header = ",".join(f"c{i}" for i in range(1000))
    refused(csv(header, *["1"] * 1000), UnreadableError, "line 2 has 1 field")


cell = st.text(string.ascii_letters + string.digits + " ,;\t|'\n\"é漢", min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_standard_library_writes_is_read_back(table: list[list[str]], end: str) -> None:
    buffer = io.StringIO()
    writer = stdlib_csv.writer(buffer, quoting=stdlib_csv.QUOTE_ALL, lineterminator=end)
    writer.writerow([f"c{i}" for i in range(len(table[0]))])
    writer.writerows(table)
    assert rows(buffer.getvalue().encode()) == [tuple(row) for row in table]
