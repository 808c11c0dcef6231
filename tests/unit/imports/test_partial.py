"""Which part of a table that is still arriving is whole rows."""

import pytest

from quickml.imports.partial import whole_rows


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"a,b\n1,2\n3,", b"a,b\n1,2\n"),
        (b"a,b\n1,2\n", b"a,b\n1,2\n"),
        (b"a,b", b""),
        (b"", b""),
        (b"a,b\r1,2\r3", b"a,b\r1,2\r"),
        (b'a,b\n1,"x\ny', b"a,b\n"),  # a text in quotation marks that has not ended
        (b'a,b\n1,"x\ny"\n2', b'a,b\n1,"x\ny"\n'),
        (b'a,"b\n', b""),
    ],
)
def test_rows_are_cut_where_no_text_is_open(start, expected):
    assert whole_rows(start) == expected


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["a,b\n1,2\n3", "a\u0a0a,b\n1,\u0a0a\n\u0a0a"])
def test_rows_of_two_bytes_a_character(codec, text):
    start = ("\ufeff" + text).encode(codec)
    for cut in (start, start[:-1]):
        assert whole_rows(cut).decode(codec) == "\ufeff" + text[: text.rindex("\n") + 1]
