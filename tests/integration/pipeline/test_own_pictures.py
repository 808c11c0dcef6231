"""Pictures of one's own, from the folder to a delivered file that is given pictures of any size."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from commands import quickml
from pictures import photo, saved, written
from quickml.document import understand
from quickml.export.runtime import Runtime
from quickml.film import Film
from quickml.pictures import LocalPictures

CLASSES = ("Kreis", "Quadrat")


def shape(label, number):
    """A light circle or square on a dark photo, of a size of its own."""
    rng = np.random.default_rng([number, label == CLASSES[0]])
    image = photo(int(rng.integers(1 << 30)), (40 + int(rng.integers(30)), 40)).point(
        lambda value: value // 3
    )
    x, y, side = int(rng.integers(18)), int(rng.integers(18)), int(rng.integers(14, 20))
    draw = ImageDraw.Draw(image)
    (draw.ellipse if label == CLASSES[0] else draw.rectangle)((x, y, x + side, y + side), fill="white")
    return image


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    contents = {
        f"{label}/secret-{number}.{suffix}": saved(shape(label, number), format)
        for label in CLASSES
        for number in range(40)
        for suffix, format in [(("png", "PNG"), ("jpg", "JPEG"))[number % 2]]
    }
    written(folder / "shapes", contents)
    return folder


@pytest.fixture(scope="module")
def environment(folder):
    return {"XDG_CACHE_HOME": str(folder / "cache")}


def trained(folder, environment, name, **options):
    """The result folder of the document that `quickml init` wrote, with a smaller network."""
    done = quickml("init", "shapes", "-o", f"{name}.json", cwd=folder, environment=environment)
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    document["dataset"].update(size=[24, 24], **options)
    document["model"]["layers"] = [
        {"type": "Rescaling", "scale": 1 / 255},
        {"type": "Conv2D", "filters": 6, "kernel_size": 3, "activation": "relu"},
        {"type": "MaxPooling2D"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    ]
    document["training"]["epochs"] = 4
    document["export"] = {"formats": ["mlmodel", "mlpackage"]}
    (folder / f"{name}.json").write_text(json.dumps(document))
    done = quickml("run", f"{name}.json", "--out", name, cwd=folder, environment=environment)
    assert done.returncode == 0, done.stderr
    return folder / name


@pytest.fixture(scope="module")
def result(folder, environment):
    return trained(folder, environment, "plain")


@pytest.mark.parametrize("file", ["model.mlmodel", "model.mlpackage"])
def test_delivered_files_answer_as_the_trained_model(file, result, folder):
    import keras

    files = LocalPictures(folder, cache=folder / "cache" / "quickml" / "pictures")
    plan = understand(json.loads((result / "spec.json").read_text(encoding="utf-8")), files)
    assert plan.notices == ()
    data = files.load(plan.document.dataset)
    rows = np.random.default_rng(0).integers(0, 256, (256, 24, 24, 3), np.uint8)
    rows[: len(data.x_test)] = data.x_test
    expected = keras.models.load_model(result / "model.keras").predict(rows.astype(np.float32), verbose=0)
    found = Runtime.load(result / file).outputs(rows)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_predict_takes_a_picture_of_any_size(result, folder):
    done = quickml(
        "predict", result / "model.mlmodel", folder / "shapes" / "Kreis" / "secret-0.png", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["probabilities"]) == set(CLASSES)


def test_the_same_document_and_pictures_give_the_same_bytes(result, folder, environment):
    done = quickml("run", result / "spec.json", "--out", "again", cwd=folder, environment=environment)
    assert done.returncode == 0, done.stderr
    for name in ("model.mlmodel", "spec.json"):
        assert (folder / "again" / name).read_bytes() == (result / name).read_bytes()


def png_bytes_of(result):
    return (result / "report.html").read_text(encoding="utf-8").count("data:image/png;base64")


def test_a_report_shows_pictures_only_when_asked_for(result, folder, environment):
    assert png_bytes_of(result) == 0
    names = {part for frame in Film.read(result / "film.bin").frames for part in frame.parts}
    assert names
    assert not any(name.startswith("activation/") for name in names)
    for path in result.iterdir():
        if path.is_file():
            assert b"secret-" not in path.read_bytes()
    shown = trained(folder, environment, "shown", in_report=True)
    assert png_bytes_of(shown) > 0
    names = {part for frame in Film.read(shown / "film.bin").frames for part in frame.parts}
    assert any(name.startswith("activation/") for name in names)


def test_pictures_taken_by_a_phone_are_read_upright(result, folder):
    """The same shape, turned by its EXIF data, has the same answer."""
    image = shape("Kreis", 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    (folder / "turned.png").write_bytes(saved(image.transpose(Image.Transpose.ROTATE_90), exif=exif))
    (folder / "upright.png").write_bytes(saved(image))
    done = quickml("predict", result / "model.mlmodel", "turned.png", "upright.png", "--json", cwd=folder)
    first, second = (json.loads(line)["probabilities"] for line in done.stdout.splitlines())
    assert first == pytest.approx(second, abs=0.01)


def test_pictures_with_several_labels_become_files_with_a_probability_for_each(folder, environment):
    """Both formats are compared with the trained model on the test pictures before they are delivered."""
    tags = ("Kreis", "Quadrat", "Kreis;hell", "")
    rows = []
    for number in range(48):
        tag = tags[number % len(tags)]
        image = photo(number, (24, 24)).point(lambda value: value // 3)
        if tag:
            image = shape(tag.split(";")[0], number).resize((24, 24))
        if "hell" in tag:
            image = image.point(lambda value: 128 + value // 2)
        written(folder, {f"tagged/{number}.png": saved(image)})
        rows.append(f"tagged/{number}.png,{tag}")
    (folder / "tags.csv").write_text("\n".join(["path,target", *rows]) + "\n")
    done = quickml("init", "tags.csv", "--separator", ";", cwd=folder, environment=environment)
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
    document["model"]["layers"] = [
        {"type": "Rescaling", "scale": 1 / 255},
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 3, "activation": "sigmoid"},
    ]
    document["training"]["epochs"] = 2
    document["export"] = {"formats": ["mlmodel", "mlpackage"]}
    (folder / "tags.json").write_text(json.dumps(document), encoding="utf-8")
    done = quickml("run", "tags.json", "--out", "tags", cwd=folder, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "tags" / "report.json").read_text(encoding="utf-8"))
    assert report["dataset"]["task"] == "multi_label"
    found = []
    for name in ("model.mlmodel", "model.mlpackage"):
        said = quickml("predict", f"tags/{name}", "tagged/0.png", "--json", cwd=folder)
        assert said.returncode == 0, said.stderr
        found.append(json.loads(said.stdout))
    assert list(found[0]["probabilities"]) == report["dataset"]["target_names"]
    assert len(found[0]["probabilities"]) == 3  # each by itself: they do not add up to 1
    np.testing.assert_allclose(*(list(one["probabilities"].values()) for one in found), atol=1e-4)
    assert found[0]["labels"] == [label for label, p in found[0]["probabilities"].items() if p > 0.5]
