"""Names of models may be in any script."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.document import understand
from quickml.document.names import PATTERN, as_name
from quickml.errors import DocumentError
from quickml.results import default_folder

LAYERS = [{"type": "Dense", "units": 3, "activation": "softmax"}]


def name_of(name) -> str:
    return understand({"name": name, "dataset": "iris", "model": {"layers": LAYERS}}).document.name


ACCEPTED = ["Blüten", "数字", "Ирис", "λουλούδι", "फूल", "ดอกไม้", "زهرة", "פרח", "꽃", "iris 2.0_a-b", "٣"]  # fmt: skip
JOINED = "\u06af\u0644\u200c\u0647\u0627"
"""Persian for flowers."""


@pytest.mark.parametrize("name", [*ACCEPTED, JOINED])
def test_letters_of_all_scripts_are_accepted(name):
    assert name_of(name) == name
    assert as_name(name) == name
    assert re.fullmatch(PATTERN, name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 65, "数" * 65, "a/b", "..\\a", "a\nb", "a\x1b[2J", "a\u202eb", "a\u200bb", "a\u2028b", "a\x00", "\ue000", "a:b", "<b>"],
)  # fmt: skip
def test_signs_and_invisible_characters_are_refused(name):
    with pytest.raises(DocumentError, match="/name: expected 1 to 64 letters, digits, spaces"):
        name_of(name)


def test_equal_names_are_equal_strings():
    decomposed = unicodedata.normalize("NFD", "Blüten")
    assert name_of(decomposed) == as_name(decomposed) == "Blüten"
    assert name_of(unicodedata.normalize("NFD", "é" * 64)) == "é" * 64


@settings(deadline=None)
@given(st.text(max_size=100))
def test_any_text_becomes_a_valid_name(text):
    name = as_name(text)
    assert name_of(name) == name == as_name(name)
    assert re.fullmatch(PATTERN, name)


@pytest.mark.parametrize(("name", "folder"), [("Blüten 2", "bluten-2"), ("数字", "model"), ("Ирис v3", "v3")])
def test_folders_have_plain_names(name, folder):
    assert re.fullmatch(rf"{folder}-[0-9]{{8}}T[0-9]{{6}}Z", default_folder(name).name)
