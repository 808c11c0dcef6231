"""Projects of Teachable Machine, as it saves them and as others write them."""

import json
import random
import zipfile

import pytest

import rounds
from pictures import fruit, photo, prepared, saved, zipped
from quickml.errors import PicturesError, QuickMLError
from quickml.pictures.sources import opened

MANIFEST = {
    "type": "image",
    "version": "2.4.7",
    "appdata": {"publishResults": {}, "trainEpochs": 50, "trainBatchSize": 16, "trainLearningRate": 0.001},
}


def samples(classes=("Katze", "Hund/groß"), count=4):
    return {
        f"{name}-!-{number}.jpg": saved(photo(100 * place + number, (224, 224)), "JPEG")
        for place, name in enumerate(classes)
        for number in range(count)
    }


def project(folder, contents=None, manifest=MANIFEST, method=zipfile.ZIP_STORED):
    contents = samples() if contents is None else contents
    manifest = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    return zipped(folder / "project.tm", {**contents, "manifest.json": manifest}, method)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_labels_are_in_the_names_of_the_samples(method, tmp_path):
    found = prepared(project(tmp_path, method=method), tmp_path / "cache")
    assert found.info.labels == ("Hund/groß", "Katze")
    assert sum(found.info.sizes) == 8
    assert found.info.shape == (96, 96, 3)
    assert not any("passed over" in notice.message for notice in found.notices)


def test_a_name_of_a_class_may_have_the_sign_itself(tmp_path):
    found = prepared(project(tmp_path, samples(("a-!-b", "c"))), tmp_path / "cache")
    assert found.info.labels == ("a-!-b", "c")


REFUSED = {
    "sounds": ({"_background_noise_-!-0.zip": b"PK"}, {**MANIFEST, "type": "audio"}, "a project of sounds"),
    "poses": (None, {**MANIFEST, "type": "pose"}, "a project of poses"),
    "another type": (None, {"type": "text\n"}, "the type 'text"),
    "no type": (None, [], "found the type 'None'"),
    "no samples": ({}, MANIFEST, "expected samples of two or more classes, found none"),
    "no JSON": (None, b"{", "manifest.json: expected JSON"),
    "deep JSON": (None, b"[" * 100_000, "manifest.json: expected JSON"),
    "one class": (samples(("a",)), MANIFEST, "expected two or more classes, found one, 'a'"),
}


@pytest.mark.parametrize(("contents", "manifest", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_learned_from_is_a_sentence(contents, manifest, message, tmp_path):
    with pytest.raises(QuickMLError) as caught:
        prepared(project(tmp_path, contents, manifest), tmp_path / "cache")
    assert message in str(caught.value)


def test_another_archive_is_no_project(tmp_path):
    with pytest.raises(PicturesError, match=r"found no manifest\.json; save it in Teachable Machine"):
        prepared(zipped(tmp_path / "project.tm", fruit()), tmp_path / "cache")


def test_an_archive_of_one_class_says_what_to_do(tmp_path):
    contents = {f"{number}.jpg": saved(photo(number), "JPEG") for number in range(3)}
    with pytest.raises(PicturesError, match="unpack the archive of each class into a folder of its own"):
        prepared(zipped(tmp_path / "Katze-samples.zip", contents), tmp_path / "cache")


@pytest.mark.parametrize("number", range(rounds.choose(few=60, full=2000)))
def test_damaged_projects_are_read_or_refused(number, tmp_path):
    dice = random.Random(rounds.seed + number)
    content = bytearray(project(tmp_path, {"a-!-0.jpg": b"x" * 50, "b-!-0.jpg": b"y" * 50}).read_bytes())
    for _ in range(dice.randint(1, 4)):
        content[dice.randrange(len(content))] = dice.randrange(256)
    if dice.random() < 0.2:
        del content[dice.randrange(len(content)) :]
    (tmp_path / "project.tm").write_bytes(content)
    try:
        with opened(tmp_path / "project.tm", "project.tm") as source:
            for name in source.names:
                source.read(name)
    except PicturesError as error:
        assert "\n" not in str(error)
