"""Tables as they are met: each is read, or refused with a place and with what to do."""


def rows(count, row):
    return "".join(row(number) for number in range(count))


NUMBERS = "a,label\n" + rows(20, lambda n: f"{n * 1.7},{'xy'[n % 2]}\n")
"""A column of numbers, to which tests add a last row that is none; it is in line 22."""

READ = {
    "tab": (b"a\tb\tlabel\n1\t2\tx\n3\t4\ty\n", {"delimiter": "\t"}),
    "pipe": (b"a|b|label\n1|2|x\n3|4|y\n", {"delimiter": "|"}),
    "utf-8 with a mark": (b"\xef\xbb\xbfa,b,label\n1,2,x\n3,4,y\n", {"encoding": "utf-8"}),
    "utf-16, little endian": ("\ufeffa,b,label\n1,2,x\n3,4,ü\n".encode("utf-16-le"), {"encoding": "utf-16"}),
    "utf-16, big endian": ("\ufeffa,b,label\n1,2,x\n3,4,ü\n".encode("utf-16-be"), {"encoding": "utf-16"}),
    "cp1252 and a decimal comma": (
        "a;b;label\n5,1;1,4;Größe\n7,0;4,7;Höhe\n".encode("cp1252"),
        {"encoding": "cp1252", "delimiter": ";", "decimal": ","},
    ),
    "lines that end with CR": (b"a,b,label\r1,2,x\r3,4,y\r", {}),
    "three kinds of line ends": (b"a,b,label\r\n1,2,x\n3,4,y\r", {}),
    "CR twice": (b"a,b,label\r\r\n1,2,x\r\r\n3,4,y\r\r\n", {}),
    "no line end at the end": (b"a,b,label\n1,2,x\n3,4,y", {}),
    "the end of a file of DOS": (b"a,b,label\r\n1,2,x\r\n3,4,y\r\n\x1a", {}),
    "a line end within quotes": (b'a,b,label\n1,"two\nlines",x\n3,"say ""hi"", ok",y\n', {"types": "number category category"}),
    "CRLF within quotes": (b'a,b,label\r\n1,"two\r\nlines",x\r\n3,q,y\r\n', {"types": "number category category"}),
    "a quotation mark within a text": (b'a,b,label\n1,5" pipe,x\n3,7" pipe,y\n', {"types": "number category category"}),
    "control characters that end no line": ("a,b,label\n1,u\x0bv,x\n3,w\u2028z,y\n".encode(), {"types": "number category category"}),
    "no header": (b"5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n", {"header": False, "rows": 3, "names": ["column 1", "column 2", "column 3"]}),
    "years as names": (b"city,1990,1991\nA,3,4\nB,5,6\n", {"names": ["city", "1990", "1991"]}),
    "names within quotes": (b'"a b","c,d","label"\n1,2,x\n3,4,y\n', {"names": ["a b", "c,d", "label"]}),
    "blank lines": (b"\na,b,label\n\n1,2,x\n   \n3,4,y\n\n\n", {}),
    "empty rows": (b"a,b,label\n1,2,x\n,,\n3,4,y\n,,\n", {}),
    "delimiters at the ends": (b"a,b,label,\n1,2,x,\n3,4,y,\n", {"names": ["a", "b", "label"]}),
    "delimiters at the ends of rows": (b"a,b,label\n1,2,x,\n3,4,y,\n", {"names": ["a", "b", "label"]}),
    "blanks after delimiters": (b"a, b, label\n1, 2, x\n3, 4, y\n", {"names": ["a", "b", "label"], "types": "number number category"}),
    "a title": (b"Report 2024\n\na,b,label\n1,2,x\n3,4,y\n", {"header_line": 3}),
    "titles in the first column": (b"Report 2024,,\n\"by me\",,\na,b,label\n1,2,x\n3,4,y\n", {"header_line": 3}),
    "comments": (b"# made by tool, v1\n#x\na,b,label\n1,2,x\n3,4,y\n", {"header_line": 3}),
    "a name with a hash": (b"#id,b,label\n1,2,x\n3,4,y\n", {"names": ["#id", "b", "label"]}),
    "the delimiter of Excel": (b"sep=;\na;b;label\n1,5;2;x\n3,5;4;y\n", {"delimiter": ";", "decimal": ",", "header_line": 2}),
    "numbers of rows of pandas": (b",a,label\n0,2,x\n1,4,y\n", {"columns": ["a", "label"]}),
    "numbers of rows of R": (b'"","a","label"\n"1",2,"x"\n"2",4,"y"\n', {"columns": ["a", "label"]}),
    "commas in texts between semicolons": (b"name;n;label\nDoe, John;12;x\nRoe, Jane;13;y\n", {"delimiter": ";", "types": "category number category"}),
    "missing values": (b"a,b,label\n1,NA,x\n?,2,y\n-,n/a,x\n4,,y\n5,NaN,x\nnull,6,y\n", {"rows": 6, "types": "number number category", "missing": [3, 4, 0]}),
    "leading zeros": (b"plz,a,label\n01067,1.5,x\n10115,2.5,y\n", {"types": "category number category"}),
}  # fmt: skip
"""Names, contents, and what is found out; tables have two rows of three columns unless it is said."""

REFUSED = {
    "damaged UTF-8": (b"a,label\n1,x\n2,\xff\xfe\n", "line 3, column 2: expected text in UTF-8, found the byte 0xff; save"),
    "UTF-8 and other bytes": ("a,label\n1,café\n".encode() + b"2,caf\xe9\n", "line 3, column 2: expected text in UTF-8, found the byte 0xe9; save"),
    "half a letter at the end": ("a,label\n1,café".encode()[:-1], "line 2, column 2: expected text in UTF-8, found the byte 0xc3; save"),
    "UTF-32": ("\ufeffa,b\n1,2\n".encode("utf-32-le"), "line 1: expected text in UTF-8, found UTF-32; save"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "line 1, column 1: expected text, found the character NUL; save"),
    "NUL": (b"a,b,label\n1,\x002,x\n3,4,y\n", "line 2, column 'b': expected text, found the character NUL; save"),
    "a mark in the middle": ("a,b,label\n1,2,x\n\ufeff3,4,y\n".encode(), "line 3, column 'a': expected text, found a byte order mark"),
    "nothing": (b"", "expected a table with a header and rows, found an empty file"),
    "blank lines only": (b"\n\n \n", "expected a table with a header and rows, found no row"),
    "a header only": (b"a,b,label\n", "line 1: expected rows below the header, found none; save it with its rows"),
    "rows without a value": (b"a,b,label\n,,\n,,\n", "line 1: expected rows below the header, found 2 that are empty in all columns; fill"),
    "Shift JIS": ("ケース,a\n猫,1\n表,2\n".encode("shift_jis"), "line 1, column 1: expected text in UTF-8, found the byte 0x83; save the file as UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "expected a CSV file, found a picture; name a folder"),
    "a title above, with delimiters": (b"x,Body,,Result\nid,a,b,label\n1,2,3,x\n", 'line 1, column 3: expected a name for each column, found none; write one, or "header": false if this line is a row of the table, or "header": 2 if the names are in the next one'),
    "a row that is short": (b"a,b,label\n1,2,x\n3,4\n", "line 3, column 'label': expected 3 fields as in line 1, found 2; complete the row"),
    "a row that is long": (b"a,b,label\n1,2,x\n5,6,y,z\n", "line 3: expected 3 fields as in line 1, found 4; put quotes around a text that has a comma in it"),
    "a short row after one of two lines": (b'a,b,label\n1,"u\nv",x\n3,4\n', "line 4, column 'label': expected 3 fields as in line 1, found 2"),
    "one delimiter at an end": (b"a,b,label\n1,2,x,\n3,4,y\n", "line 2: expected 3 fields as in line 1, found 4; remove the comma at the end of the line"),
    "a name that is missing": (b"a,b\n1,2,x\n3,4,y\n", "line 2: expected 2 fields as in line 1, found 3; is a name missing in line 1"),
    "another delimiter": (b"a,b,label\n1,2,x\n3;4;y\n", "line 3, column 'b': expected 3 fields as in line 1, found 1; the other lines have another delimiter"),
    "an open quotation mark": (b'a,b,label\n1,"2,x\n3,4,y\n', "line 2, column 'b': expected a quotation mark at the end"),
    "quotation marks that are not doubled": (b'a,b,label\n1,"say "hi" ok",x\n3,4,y\n', "line 2, column 'b': expected a delimiter or the end of the line after"),
    "quotation marks with a backslash": (b'a,b,label\n1,"say \\"hi\\"",x\n3,4,y\n', "line 2, column 'b': expected a delimiter or the end of the line after"),
    "a name twice": (b"a,a,label\n1,2,x\n3,4,y\n", "line 1, column 2: expected a name of its own for each column, found 'a' also in column 1"),
    "a name twice but for blanks": (b"a,a ,label\n1,2,x\n3,4,y\n", "line 1, column 2: expected a name of its own"),
    "no name": (b"a,,label\n1,2,x\n3,4,y\n", "line 1, column 2: expected a name for each column, found none; write one"),
    "no name of a column that does not count": (b",a,label\n7,2,x\n9,4,y\n", "line 1, column 1: expected a name for each column, found none"),
    "a long name": (b"a," + b"b" * 201 + b"\n1,2\n", "line 1, column 2: expected a name of at most 200 characters, found 201"),
    "a long field": (b"a,b,label\n1," + b"z" * 70_000 + b",x\n3,q,y\n", "line 2, column 'b': expected at most 65,536 characters in a field, found 70,000"),
    "a very long field": (b"a,b,label\n1," + b"z" * 200_000 + b",x\n3,q,y\n", "line 2, column 'b': expected at most 65,536 characters in a field, found more"),
    "too many columns": (",".join(f"c{n}" for n in range(10_001)).encode() + b"\n", "line 1: expected at most 10,000 columns, found 10,001"),
    "one column": (b"label\nx\ny\n", "line 1: expected two or more columns, found one, 'label'"),
    "blanks as delimiters": (b"a b label\n1 2 x\n", "line 1: expected two or more columns, found one, 'a b label'"),
    "a comment": (b"a,b,label\n1,2,x\n# note\n3,4,y\n", "line 3, column 'b': expected 3 fields as in line 1, found 1; remove comments"),
    "a comment with delimiters": (b"a,b,label\n1,2,x\n# note,,\n3,4,y\n", "line 3: expected a row of the table, found '# note'; remove comments"),
    "a sum at the end": (NUMBERS.encode() + b"Total,\n", "line 22, column 'a': expected a row like the others, found 'Total'; remove the line"),
    "a workbook": (b"PK\x03\x04aaaa", "expected an Excel workbook (.xlsx) that can be read, found a damaged one"),
    "gzip": (b"\x1f\x8b\x08\x00", "expected a CSV file, found a file compressed with gzip"),
    "JSON": (b'[{"a": 1}]', "expected a CSV file, found a JSON file of one list; write each object of it in a line"),
    "a web page": (b"<html>\n", "expected a CSV file, found a web page"),
}  # fmt: skip
"""Names, contents, and how the message goes on after the name of the file."""
