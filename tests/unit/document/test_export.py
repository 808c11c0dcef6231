"""Which weights go with which format, and from which system on."""

import pytest

from quickml.document import understand
from quickml.document.formats import known
from quickml.errors import DocumentError

END = {"type": "Dense", "units": 3, "activation": "softmax"}


def export(**given):
    document = {"name": "test", "dataset": "iris", "model": {"layers": [END]}, "export": given}
    return understand(document).document.export


def problems(**given) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        export(**given)
    return list(map(str, caught.value.problems))


def test_formats_left_out_follow_the_weights():
    assert export().formats == ("mlmodel", "mlpackage")
    assert export(weights="int4").formats == ("mlmodel", "mlpackage")
    assert export(weights="auto").formats == ("mlmodel", "mlpackage")
    assert export(weights="pruned").formats == ("mlpackage",)


def test_formats_written_out_do_not():
    assert problems(weights="pruned", formats=["mlmodel", "mlpackage"]) == [
        "/export/weights: mlmodel expects one of float32, float16, int8, palettized-8, palettized-6,"
        " palettized-4, int4, found pruned; leave mlmodel out of formats"
    ]


def test_an_older_system_than_the_weights_need():
    assert problems(weights="int4", minimum_ios=16) == [
        "/export/minimum_ios: mlpackage with int4 weights expects iOS 18 or later, found 16;"
        " leave mlpackage out of formats, or raise minimum_ios"
    ]
    assert export(weights="int4", minimum_ios=16, formats=["mlmodel"]).weights == "int4"
    assert problems(weights="int8", formats=["aimodel"]) == [
        "/export/weights: aimodel expects one of float32, found int8; int8 is possible in mlmodel, mlpackage"
    ]


@pytest.mark.parametrize("sparsity", [0, 1, -0.5])
def test_a_share_that_prunes_nothing_or_all(sparsity):
    assert problems(weights="pruned", sparsity=sparsity)[0].startswith("/export/sparsity: expected")


def test_auto_may_take_what_the_system_reads():
    assert known()["mlpackage"].allowed_weights(export(weights="auto")) == tuple(
        known()["mlpackage"].first_ios
    )
    older = export(weights="auto", minimum_ios=16)
    assert set(known()["mlpackage"].first_ios) - set(known()["mlpackage"].allowed_weights(older)) == {"int4"}
    assert known()["mlpackage"].allowed_weights(export(weights="auto", minimum_ios=15)) == (
        "float32",
        "float16",
    )
    assert known()["mlmodel"].allowed_weights(older) == tuple(known()["mlmodel"].first_ios)
    assert known()["mlpackage"].allowed_weights(export(weights="int8")) == ("int8",)


def test_a_package_is_written_for_the_later_of_two_systems():
    assert known()["mlpackage"].minimum_ios("int8", export()) == 16
    assert known()["mlpackage"].minimum_ios("int8", export(minimum_ios=17)) == 17
    assert known()["mlmodel"].minimum_ios("int8", export(minimum_ios=17)) == 13


def test_an_understood_document_means_the_same_again():
    pruned = export(weights="pruned", sparsity=0.75)
    assert export(**pruned.model_dump(mode="json", exclude_none=True)) == pruned
