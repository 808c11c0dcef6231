"""The reference of the problems of documents: each code with a document that has the problem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator import NOTE
from generator.fields import wrapped
from generator.wrong_documents import END, SECTIONS, WithArrays, WithPictures, WithRecordings, WithTable, doc
from quickml.cli.document_file import read_plan
from quickml.document import read, understand
from quickml.errors import DocumentError, Problem
from quickml.service.policy import DocumentLimits, check_limits

HEAD = """# Problems of documents

What `quickml validate --json`, `POST /v1/validate`, the 422 answers of `POST /v1/jobs` and
`DocumentError.problems` say about an invalid document. Each problem has these keys:

| key | value |
| --- | --- |
| `pointer` | where it is: a JSON pointer (RFC 6901), empty for the whole document |
| `subject`, `expected`, `found`, `hint` | the message, in parts; `subject` and `hint` may be empty |
| `code` | the kind of problem, from the lists below; it keeps its meaning |
| `values` | what the message is made of, to say it in another language |
| `fix` | a JSON Patch (RFC 6902) that does what the hint advises, or null |

A fix is made for the document as it was sent; a document in the format of SculptML has few. It is null if
the hint only explains, or leaves open what exactly to write. Apply one, validate the result, and take the
next one from there: `quickml validate --fix FILE.json` does this. A fix removes its problem; the corrected
value can have a problem of another kind. Of several ways that a hint names, the fix is the first, except
where a recurrent layer gets no sequence from another one: there it sets `return_sequences`.

New codes may be added, and messages may change their words. For a code that you do not know, show `expected`,
`found` and `hint`."""


def page() -> str:
    """docs/reference/problems.md."""
    return "\n\n".join([NOTE, HEAD, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for title, codes in SECTIONS.items():
        yield f"## {title}"
        for code, (meaning, wrong) in codes.items():
            yield _entry(code, meaning, example(code, wrong) if wrong is not None else None)


def example(code: str, wrong: Any) -> Problem:
    """The problem of this code that a wrong document has."""
    try:
        _check(wrong)
    except DocumentError as error:
        found = [problem for problem in error.problems if problem.code == code]
        if found:
            return found[0]
        raise AssertionError(f"{code}: found {error.problems}") from error
    raise AssertionError(f"{code}: the document is valid")


def _check(wrong: Any) -> None:
    if isinstance(wrong, WithTable | WithPictures | WithArrays | WithRecordings):
        with wrong.files() as files:
            understand(wrong.document, files)
    elif isinstance(wrong, Path):
        read_plan(wrong)
    elif isinstance(wrong, DocumentLimits):
        check_limits(read(json.dumps(doc(END))), wrong)
    else:
        read(wrong if isinstance(wrong, str | bytes) else json.dumps(wrong))


def _entry(code: str, meaning: str, problem: Problem | None) -> str:
    if problem is None:
        return f"### `{code}`\n\n{meaning}"
    lines = [wrapped(str(problem)), "", f"values: {_json(problem.values)}"]
    if problem.fix:
        lines += ["fix:", *(f"  {_json(operation)}" for operation in problem.fix)]
    return "\n".join([f"### `{code}`", "", meaning, "", "```text", *lines, "```"])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
