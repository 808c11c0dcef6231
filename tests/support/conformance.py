"""What RFC 9110 says about the bytes of a file: each row is a request and the answer to it.

In headers, `{etag}`, `{size}`, `{last}` (the position of the last byte) and `{modified}` stand for those of the
file; `{before}` and `{after}` are dates a day from its own.
"""

import email.parser
import email.policy
import hashlib
import random
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

SIZE = 100_003
CONTENT = random.Random(9110).randbytes(SIZE)
"""No part of it is like another one."""
FOREVER = "private, max-age=31536000, immutable"
ALWAYS = {
    "etag": "{etag}",
    "accept-ranges": "bytes",
    "last-modified": "{modified}",
    "repr-digest": "{digest}",
}
"""On every answer that has content, or tells of it."""
PROBLEM = {"content-type": "application/problem+json"}
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    section: str
    """Of RFC 9110, unless another one is named."""
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    is_empty: bool = False
    """Whether it asks for the file without content instead."""
    exact: dict[str, str] = field(default_factory=dict)
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unsaid_by_nginx: tuple[str, ...] = ()
    """Of `exact`, what is missing where nginx sends a part of a file: it says so with a whole one alone."""
    status_of_nginx: int | None = None
    """Where nginx answers by itself: it refuses a condition that comes twice."""
    slices: tuple[tuple[int, int], ...] | None = None
    """Of the file's content: one is the body, several are the parts of a multipart/byteranges. None where the
    body is a problem document, or there is none."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A file on a server, and its twin without content."""

    path: str
    empty_path: str
    modified: str
    empty_modified: str
    content: bytes = CONTENT
    headers: tuple[tuple[str, str], ...] = ()
    """With each request, such as a token."""
    is_sent_by_nginx: bool = False

    def values(self, row):
        content = b"" if row.is_empty else self.content
        modified = self.empty_modified if row.is_empty else self.modified
        digest, date = hashlib.sha256(content), parsedate_to_datetime(modified)
        return {
            "etag": f'"{digest.hexdigest()}"',
            "digest": f"sha-256=:{b64encode(digest.digest()).decode()}:",
            "size": len(content),
            "last": len(content) - 1,
            "modified": modified,
            "before": format_datetime(date - DAY, usegmt=True),
            "after": format_datetime(date + DAY, usegmt=True),
            "rfc850": date.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
            "asctime": date.strftime("%a %b %d %H:%M:%S %Y"),
        }


def whole(name, section, *headers, **more):
    exact = {**ALWAYS, "cache-control": FOREVER, "content-length": "{size}", **more.pop("exact", {})}
    absent = ("content-range", "content-encoding", "transfer-encoding", *more.pop("absent", ()))
    more = {"slices": ((0, SIZE),), **more}
    return Row(name=name, section=section, headers=headers, status=200, exact=exact, absent=absent, **more)


def part(name, section, start, stop, *headers):
    exact = {
        **ALWAYS, "cache-control": FOREVER, "content-length": str(stop - start),
        "content-range": f"bytes {start}-{stop - 1}/{{size}}", "content-type": "application/octet-stream",
    }  # fmt: skip
    return Row(
        name=name, section=section,
        unsaid_by_nginx=("accept-ranges",), headers=headers, status=206, exact=exact, slices=((start, stop),),
        absent=("content-encoding", "transfer-encoding"),
    )  # fmt: skip


def parts(name, section, slices, *headers):
    exact = {**ALWAYS, "cache-control": FOREVER}
    return Row(
        name=name, section=section, headers=headers, status=206, exact=exact, slices=tuple(slices),
        absent=("content-range", "content-encoding", "transfer-encoding"), present=("content-length",),
    )  # fmt: skip


def unsatisfiable(name, section, *headers, **more):
    exact = {**PROBLEM, "content-range": "bytes */{size}"}
    return Row(name=name, section=section, headers=headers, status=416, exact=exact, **more)


def unmodified(name, section, *headers, **more):
    exact = {"etag": "{etag}", "cache-control": FOREVER}
    absent = ("content-length", "content-type", "content-range", "transfer-encoding")
    return Row(name=name, section=section, headers=headers, status=304, exact=exact, absent=absent, **more)


def failed(name, section, *headers, **more):
    exact = {} if more.get("method") == "HEAD" else PROBLEM
    return Row(
        name=name,
        section=section,
        headers=headers,
        status=412,
        exact=exact,
        absent=("content-range",),
        **more,
    )


def bytes_(text):
    return ("Range", f"bytes={text}")


OTHER = '"another"'
TAGS = '"a", W/"b,c" ,, {etag}'

TABLE = [
    # The whole
    whole("the file", "9.3.1", present=("content-disposition", "content-security-policy", "date")),
    whole("its headers alone", "9.3.2", method="HEAD", slices=None),
    whole("an encoding that the client would like", "8.4", ("Accept-Encoding", "gzip, br, zstd")),
    whole("an empty file", "9.3.1", is_empty=True, slices=((0, 0),)),
    whole("the headers of an empty file", "9.3.2", method="HEAD", is_empty=True, slices=None),
    whole("a query that means nothing", "9.3.1", ("X-Anything", "1")),
    Row(name="a method that it does not have", section="15.5.6", method="PUT", status=405, present=("allow",)),
    # One range
    part("the first byte", "14.1.2", 0, 1, bytes_("0-0")),
    part("the first half a thousand", "14.1.2", 0, 500, bytes_("0-499")),
    part("a middle", "14.1.2", 50_000, 70_000, bytes_("50000-69999")),
    part("the last byte by its position", "14.1.2", SIZE - 1, SIZE, bytes_("{last}-{last}")),
    part("to the end", "14.1.2", 99_000, SIZE, bytes_("99000-")),
    part("all, as a range", "14.1.2", 0, SIZE, bytes_("0-")),
    part("beyond the end", "14.1.2", 99_000, SIZE, bytes_("99000-200000")),
    part("far beyond the end", "14.1.2", 1, SIZE, bytes_("1-999999999999999999999999")),
    part("the last 500", "14.1.2", SIZE - 500, SIZE, bytes_("-500")),
    part("the last byte", "14.1.2", SIZE - 1, SIZE, bytes_("-1")),
    part("more of the end than there is", "14.1.2", 0, SIZE, bytes_("-200000")),
    part("zeros before a number", "14.1.1", 7, 10, bytes_("0007-009")),
    part("the unit in capitals", "14.1", 0, 10, ("Range", "BYTES=0-9")),
    part("empty elements of the list", "5.6.1.2", 0, 10, bytes_(",, 0-9 ,")),
    part("one that is there among some that are not", "14.1.2", 0, 10, bytes_("300000-,0-9,-0")),
    # Several
    parts("two ranges", "15.3.7.2", [(0, 10), (50, 60)], bytes_("0-9,50-59")),
    parts("in the order of the request", "15.3.7.2", [(50, 60), (0, 10)], bytes_("50-59,0-9")),
    parts("space around commas", "5.6.1", [(0, 1), (5, 6), (SIZE - 2, SIZE)], bytes_("0-0 , 5-5\t,-2")),
    parts("those of several that are there", "15.3.7.2", [(0, 1), (9, 10)], bytes_("0-0,300000-,9-9")),
    parts("two that overlap a little", "14.2", [(0, 100), (50, 150)], bytes_("0-99,50-149")),
    parts("sixteen", "14.2", [(n * 100, n * 100 + 1) for n in range(16)],
          bytes_(",".join(f"{n * 100}-{n * 100}" for n in range(16)))),
    whole("seventeen", "14.2", bytes_(",".join(f"{n * 100}-{n * 100}" for n in range(17)))),
    whole("a thousand", "14.2", bytes_(",".join(f"{n}-{n}" for n in range(1000)))),
    whole("the whole and more", "14.2", bytes_("0-,0-0")),
    whole("many that overlap", "14.2", bytes_("0-60000,1-60001")),
    # None of it is there
    unsatisfiable("after the end", "15.5.17", bytes_("{size}-")),
    unsatisfiable("far after the end", "15.5.17", bytes_("99999999999999999999-999999999999999999999")),
    unsatisfiable("no bytes of the end", "14.1.2", bytes_("-0")),
    unsatisfiable("several after the end", "15.5.17", bytes_("{size}-,200000-300000")),
    unsatisfiable("the beginning of an empty file", "14.1.2", bytes_("0-"), is_empty=True),
    whole("the end of an empty file", "14.1.2", bytes_("-5"), is_empty=True, slices=((0, 0),)),
    # What is no range
    whole("another unit", "14.2", ("Range", "items=0-5")),
    whole("no unit", "14.2", ("Range", "0-5")),
    whole("no range", "14.2", bytes_("")),
    whole("commas alone", "14.2", bytes_(",,")),
    whole("a dash alone", "14.1.1", bytes_("-")),
    whole("two dashes", "14.1.1", bytes_("--5")),
    whole("the last before the first", "14.1.1", bytes_("5-4")),
    whole("one wrong among right ones", "14.2", bytes_("0-1,5-4")),
    whole("words", "14.1.1", bytes_("first-last")),
    whole("a sign", "14.1.1", bytes_("+0-5")),
    whole("hexadecimal", "14.1.1", bytes_("0x0-0x5")),
    whole("no dash", "14.1.1", bytes_("5")),
    whole("a fraction", "14.1.1", bytes_("0.0-5.0")),
    whole("a space within", "14.1.1", bytes_("0 - 5")),
    whole("a space before the sign", "14.1.1", ("Range", "bytes =0-5")),
    whole("two fields", "5.3", bytes_("0-1"), bytes_("5-6")),
    whole("a range of a HEAD", "14.2", bytes_("0-9"), method="HEAD", slices=None),
    whole("after the end, of a HEAD", "14.2", bytes_("{size}-"), method="HEAD", slices=None),
    # If-None-Match
    unmodified("the client has it", "13.1.2", ("If-None-Match", "{etag}")),
    unmodified("a HEAD of what the client has", "13.1.2", ("If-None-Match", "{etag}"), method="HEAD"),
    unmodified("weakly compared", "13.1.2", ("If-None-Match", "W/{etag}")),
    unmodified("among others", "13.1.2", ("If-None-Match", TAGS)),
    unmodified("in several fields", "5.3", ("If-None-Match", OTHER), ("If-None-Match", "{etag}"), status_of_nginx=400),
    unmodified("anything", "13.1.2", ("If-None-Match", "*")),
    unmodified("rather than a part", "13.2.2", ("If-None-Match", "{etag}"), bytes_("0-9")),
    unmodified("rather than what is not there", "13.2.2", ("If-None-Match", "{etag}"), bytes_("{size}-")),
    whole("the client has another", "13.1.2", ("If-None-Match", OTHER)),
    whole("tags without quotes", "8.8.3", ("If-None-Match", "abc")),
    part("another, and a part", "13.2.2", 0, 10, ("If-None-Match", OTHER), bytes_("0-9")),
    # If-Modified-Since
    unmodified("since its date", "13.1.3", ("If-Modified-Since", "{modified}")),
    unmodified("since a later date", "13.1.3", ("If-Modified-Since", "{after}")),
    unmodified("of a HEAD, by date", "13.1.3", ("If-Modified-Since", "{modified}"), method="HEAD"),
    unmodified("a date as of 1994", "5.6.7", ("If-Modified-Since", "{rfc850}")),
    unmodified("a date as C writes it", "5.6.7", ("If-Modified-Since", "{asctime}")),
    whole("since an earlier date", "13.1.3", ("If-Modified-Since", "{before}")),
    whole("since no date", "13.1.3", ("If-Modified-Since", "yesterday")),
    whole("since a date in another zone", "5.6.7", ("If-Modified-Since", "Fri, 31 Dec 2100 23:59:59 +0200")),
    whole("since two dates", "13.1.3", ("If-Modified-Since", "{after}"), ("If-Modified-Since", "{after}"), status_of_nginx=400),
    whole("a tag counts more", "13.2.2", ("If-None-Match", OTHER), ("If-Modified-Since", "{after}")),
    unmodified("a tag counts more, which is the same", "13.2.2",
               ("If-None-Match", "{etag}"), ("If-Modified-Since", "{before}")),
    # If-Match
    whole("this one", "13.1.1", ("If-Match", "{etag}")),
    whole("any", "13.1.1", ("If-Match", "*")),
    whole("this one among others", "13.1.1", ("If-Match", TAGS)),
    part("a part of this one", "13.1.1", 5, 10, ("If-Match", "{etag}"), bytes_("5-9")),
    failed("another one", "13.1.1", ("If-Match", OTHER)),
    failed("another one, of a HEAD", "13.1.1", ("If-Match", OTHER), method="HEAD"),
    failed("this one, weakly", "13.1.1", ("If-Match", "W/{etag}")),
    failed("without quotes", "8.8.3", ("If-Match", "abc")),
    failed("a part of another one", "13.2.2", ("If-Match", OTHER), bytes_("0-9")),
    failed("rather than not modified", "13.2.2", ("If-Match", OTHER), ("If-None-Match", "{etag}")),
    failed("failed rather than not there", "13.2.2", ("If-Match", OTHER), bytes_("{size}-")),
    unmodified("both tags, the same", "13.2.2", ("If-Match", "{etag}"), ("If-None-Match", "{etag}")),
    # If-Unmodified-Since
    whole("unmodified since its date", "13.1.4", ("If-Unmodified-Since", "{modified}")),
    whole("unmodified since a later date", "13.1.4", ("If-Unmodified-Since", "{after}")),
    failed("modified since an earlier date", "13.1.4", ("If-Unmodified-Since", "{before}")),
    failed("a part, modified since", "13.2.2", ("If-Unmodified-Since", "{before}"), bytes_("0-9")),
    whole("unmodified since no date", "13.1.4", ("If-Unmodified-Since", "0")),
    whole("a tag counts more than the date", "13.2.2",
          ("If-Match", "{etag}"), ("If-Unmodified-Since", "{before}")),
    # If-Range
    part("still this one", "13.1.5", 0, 10, ("If-Range", "{etag}"), bytes_("0-9")),
    part("still of this date", "13.1.5", 0, 10, ("If-Range", "{modified}"), bytes_("0-9")),
    parts("parts of this one", "13.1.5", [(0, 1), (5, 6)], ("If-Range", "{etag}"), bytes_("0-0,5-5")),
    whole("another one by now", "13.1.5", ("If-Range", OTHER), bytes_("0-9")),
    whole("weakly this one", "13.1.5", ("If-Range", "W/{etag}"), bytes_("0-9")),
    whole("of an earlier date", "13.1.5", ("If-Range", "{before}"), bytes_("0-9")),
    whole("of a later date", "13.1.5", ("If-Range", "{after}"), bytes_("0-9")),
    whole("of no date", "13.1.5", ("If-Range", "today"), bytes_("0-9")),
    whole("a list of tags", "13.1.5", ("If-Range", TAGS), bytes_("0-9")),
    whole("without a range", "13.1.5", ("If-Range", "{etag}")),
    whole("another one, without a range", "13.1.5", ("If-Range", OTHER)),
    whole("another one, and nothing there", "13.2.2", ("If-Range", OTHER), bytes_("{size}-")),
    unsatisfiable("still this one, and nothing there", "13.2.2", ("If-Range", "{etag}"), bytes_("{size}-")),
    unmodified("not modified, and still this one", "13.2.2",
               ("If-None-Match", "{etag}"), ("If-Range", "{etag}"), bytes_("0-9")),
]  # fmt: skip


def ask(connection, row, subject):
    """The response to a row's request on an `http.client` connection, and its body."""
    values = subject.values(row)
    path = subject.empty_path if row.is_empty else subject.path
    connection.putrequest(row.method, path, skip_accept_encoding=True)
    for name, value in (*subject.headers, *row.headers):
        connection.putheader(name, value.format(**values))
    connection.endheaders()
    response = connection.getresponse()
    return response, response.read()


def check(connection, row, subject):
    """Hold the answer to a row against it, then use the connection once more."""
    response, body = ask(connection, row, subject)
    values = subject.values(row)
    assert response.status == row.status, (row.name, response.getheaders(), body[:300])
    unsaid = row.unsaid_by_nginx if subject.is_sent_by_nginx else ()
    for name, value in row.exact.items():
        if name in unsaid and name not in response.headers:
            continue
        assert response.headers.get_all(name) == [value.format(**values)], (row.name, name)
    for name in row.present:
        assert name in response.headers, (row.name, name)
    for name in row.absent:
        assert name not in response.headers, (row.name, name, response.headers[name])
    check_body(response, body, row, b"" if row.is_empty else subject.content)
    again, byte = ask(connection, AGAIN, subject)
    assert (again.status, byte) == (206, subject.content[:1]), f"{row.name}: the connection is of no use"


AGAIN = part("once more", "9.3.1", 0, 1, bytes_("0-0"))


def check_body(response, body, row, content):
    if row.method == "HEAD" or row.status == 304:
        assert body == b""
        return
    assert len(body) == int(response.headers["content-length"])
    if row.slices is None:
        return
    if len(row.slices) == 1:
        assert body == content[slice(*row.slices[0])]
        return
    kind = response.headers["content-type"]
    assert kind.startswith("multipart/byteranges; boundary=")
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    assert not message.defects
    found = message.get_payload()
    boundary = kind.partition("boundary=")[2].strip('"').encode()
    raw = body.split(b"--" + boundary)
    assert raw[0].strip() == b"" and raw[-1].strip() == b"--"
    assert len(found) == len(raw) - 2 == len(row.slices)
    for one, text, (start, stop) in zip(found, raw[1:-1], row.slices, strict=True):
        assert one["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"
        assert one["content-type"] == "application/octet-stream"
        assert text.partition(b"\r\n\r\n")[2] == content[start:stop] + b"\r\n"
