"""Values by name as `quickml predict` is given them."""

from types import SimpleNamespace

import pytest

from quickml.cli.named_inputs import named_rows
from quickml.errors import InputError


def taken(name, kind, *categories):
    return SimpleNamespace(name=name, title="", kind=kind, handling=SimpleNamespace(categories=categories))


MODEL = SimpleNamespace(
    inputs=[taken("area", "double"), taken("ok", "string", "true", "1.5")], name_of=lambda name: name
)


def read(*texts):
    return [row for _, row in named_rows(texts, MODEL)]


def test_true_and_numbers_are_the_categories_that_were_learned_from_json_lines():
    assert read('{"area": 5, "ok": true}') == [{"area": 5, "ok": "true"}]
    assert read('{"area": 5, "ok": 1.5}') == [{"area": 5, "ok": "1.5"}]
    assert read('{"area": true, "ok": 3}') == [{"area": True, "ok": 3}]  # the model refuses both


def test_a_list_without_rows_is_refused(tmp_path):
    (tmp_path / "none.json").write_text("[]")
    with pytest.raises(InputError, match="for each row, found an empty list"):
        read(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    ("text", "hint"), [("5%", "in digits only"), ("\N{MINUS SIGN}5", "in digits only"), ("5,1", "a point")]
)
def test_a_number_with_signs_is_refused_with_what_to_write(text, hint):
    with pytest.raises(InputError, match=f"expected a number, found .* write it .*{hint}"):
        read(f"area={text}")
