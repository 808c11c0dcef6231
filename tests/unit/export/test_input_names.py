"""Columns become the names of inputs, which Xcode makes Swift properties of."""

import random
import re

import pytest

from quickml.export.coreml.input_names import _KEYWORDS, _MEMBERS, input_names


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("sepal", "sepal"),
        ("price_eur", "price_eur"),
        ("Größe (m²)", "Groesse_m2"),
        ("Straße", "Strasse"),
        ("ÄÖÜ", "AeOeUe"),
        ("A\u0308pfel", "Aepfel"),
        ("piñata café", "pinata_cafe"),
        ("Łódź", "Lodz"),
        ("2019", "column_2019"),
        ("class", "class_"),
        ("prediction", "prediction_"),
        ("features", "features_"),
        ("a__b", "a_b"),
        ("_hidden_", "hidden"),
        ("50 %", "column_50_percent"),
        ("価格", "column_1"),
        ("  ", "column_1"),
        ("x" * 100, "x" * 60),
    ],
)
def test_a_column_becomes_an_identifier(column, name):
    assert input_names([column]) == (name,)


def test_names_are_different():
    assert input_names(["Größe", "Groesse", "größe", "class", "class_", "価格", "米", "a b", "a_b_2", "a-b"]) == (
        "Groesse_2", "Groesse", "groesse", "class_2", "class_", "column_6", "column_7", "a_b", "a_b_2", "a_b_3",
    )  # fmt: skip


def test_whatever_the_columns_are_called_the_names_are_valid():
    letters = "aZ_0 9äßé-=./\"'\\\n\t$€中😀\u0301"
    dice = random.Random(0)
    for _ in range(300):
        columns = list({"".join(dice.choices(letters, k=dice.randrange(1, 8))) for _ in range(20)})
        names = input_names(columns)
        assert len(set(names)) == len(columns)
        for name in names:
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
            assert name not in _KEYWORDS | _MEMBERS
            assert "__" not in name
