"""The datasets by name: what a model is given, what it should answer, and the options each one takes.

Descriptions only. The numbers themselves come from the loader of the same name in `quickml.datasets`.
To add a dataset, write its class here, put it into `AnyDataset` at the end, and write its loader there.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.document.base import DocumentModel, PositiveFloat, Shape

Task = Literal["classification", "regression"]
Kind = Literal["image", "features", "sequence", "tokens"]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=20, le=1_000_000)]


class Dataset(DocumentModel):
    """What every dataset says about itself; its fields are its options."""

    name: str
    seed: Seed = 0
    """Decides how the samples are drawn, shuffled and split."""

    title: ClassVar[str]
    source: ClassVar[str]
    task: ClassVar[Task] = "classification"
    kind: ClassVar[Kind] = "features"
    """What one input is, and what an app calls it: a picture of raw pixels 0..255, a row of features, a
    sequence of such rows, or tokens, whole numbers from 0 that stand for words or signs."""
    shape: ClassVar[Shape]
    """Of one input: (height, width, channels) of an image, (n,) of n features, (steps, n) of a sequence,
    (steps,) of tokens."""
    labels: ClassVar[tuple[str, ...]] = ()
    """Class labels, in the order of the outputs; none for a regression."""
    feature_names: ClassVar[tuple[str, ...]] = ()
    """What the numbers mean, in order; of a sequence, those of one step."""
    vocabulary: ClassVar[tuple[str, ...]] = ()
    """What the tokens mean, from 0 on."""
    target_name: ClassVar[str] = ""
    """What a regression predicts, with its unit."""

    @property
    def is_image(self) -> bool:
        """Whether inputs are pictures of raw pixels 0..255."""
        return self.kind == "image"

    @property
    def sizes(self) -> tuple[int, int]:
        """How many training and test samples there are."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """How many numbers a model answers with."""
        return len(self.labels) or 1


def _divide(total: int, test_fraction: float) -> tuple[int, int]:
    """How many samples are trained on and how many are held out: the fraction asked for, rounded up."""
    # Rounded first: 100 * 0.07 is 7.000000000000001, whose ceiling would be one sample too many.
    test = math.ceil(round(total * test_fraction, 6))
    return total - test, test


class _Split(Dataset):
    """A dataset that comes in one piece; a share is held out, stratified by class."""

    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] = 0.2

    total: ClassVar[int]

    @property
    def sizes(self) -> tuple[int, int]:
        return _divide(self.total, self.test_fraction)


class Iris(_Split):
    """150 flowers of three species, each measured in four places, in centimetres (Fisher 1936)."""

    name: Literal["iris"] = "iris"
    title: ClassVar[str] = "Iris flowers"
    source: ClassVar[str] = "Fisher 1936, through scikit-learn"
    shape: ClassVar[Shape] = (4,)
    labels: ClassVar[tuple[str, ...]] = ("setosa", "versicolor", "virginica")
    feature_names: ClassVar[tuple[str, ...]] = (
        "sepal length (cm)",
        "sepal width (cm)",
        "petal length (cm)",
        "petal width (cm)",
    )
    total: ClassVar[int] = 150


class Wine(_Split):
    """178 wines from three growers in one region, by thirteen chemical measurements."""

    name: Literal["wine"] = "wine"
    title: ClassVar[str] = "Wines"
    source: ClassVar[str] = "UCI Wine, through scikit-learn"
    shape: ClassVar[Shape] = (13,)
    labels: ClassVar[tuple[str, ...]] = ("class_0", "class_1", "class_2")
    feature_names: ClassVar[tuple[str, ...]] = (
        "alcohol",
        "malic_acid",
        "ash",
        "alcalinity_of_ash",
        "magnesium",
        "total_phenols",
        "flavanoids",
        "nonflavanoid_phenols",
        "proanthocyanins",
        "color_intensity",
        "hue",
        "od280/od315_of_diluted_wines",
        "proline",
    )
    total: ClassVar[int] = 178


class BreastCancer(_Split):
    """569 cell samples, benign or malignant, by thirty measurements of the nuclei in a picture."""

    name: Literal["breast_cancer"] = "breast_cancer"
    title: ClassVar[str] = "Breast cancer (Wisconsin)"
    source: ClassVar[str] = "UCI Breast Cancer Wisconsin (Diagnostic), through scikit-learn"
    shape: ClassVar[Shape] = (30,)
    labels: ClassVar[tuple[str, ...]] = ("malignant", "benign")
    feature_names: ClassVar[tuple[str, ...]] = tuple(
        f"{prefix}{name}{suffix}"
        for prefix, suffix in (("mean ", ""), ("", " error"), ("worst ", ""))
        for name in (
            "radius",
            "texture",
            "perimeter",
            "area",
            "smoothness",
            "compactness",
            "concavity",
            "concave points",
            "symmetry",
            "fractal dimension",
        )
    )
    total: ClassVar[int] = 569


class Digits(_Split):
    """1,797 handwritten digits in 8 by 8 grey pixels, here scaled to 0..255."""

    name: Literal["digits"] = "digits"
    kind: ClassVar[Kind] = "image"
    title: ClassVar[str] = "Small handwritten digits"
    source: ClassVar[str] = "UCI Optical Recognition of Handwritten Digits, through scikit-learn"
    shape: ClassVar[Shape] = (8, 8, 1)
    labels: ClassVar[tuple[str, ...]] = tuple(map(str, range(10)))
    total: ClassVar[int] = 1797


class Diabetes(_Split):
    """442 patients by ten measurements; how far the disease progressed a year later (regression)."""

    name: Literal["diabetes"] = "diabetes"
    title: ClassVar[str] = "Diabetes progression"
    source: ClassVar[str] = "Efron, Hastie, Johnstone, Tibshirani 2004, through scikit-learn"
    task: ClassVar[Task] = "regression"
    shape: ClassVar[Shape] = (10,)
    feature_names: ClassVar[tuple[str, ...]] = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    target_name: ClassVar[str] = "disease progression after one year"
    total: ClassVar[int] = 442


class _Mnist(Dataset):
    """70,000 pictures of 28 by 28 grey pixels, of which 10,000 are always the test."""

    num_samples: Annotated[int, Field(ge=100, le=60_000)] | None = None
    """Train with this many pictures only, as many of each class as the whole set has by share."""
    kind: ClassVar[Kind] = "image"
    shape: ClassVar[Shape] = (28, 28, 1)

    @property
    def sizes(self) -> tuple[int, int]:
        return self.num_samples or 60_000, 10_000


class Mnist(_Mnist):
    """Handwritten digits, the classic: 60,000 to learn from and 10,000 to be tested with."""

    name: Literal["mnist"] = "mnist"
    title: ClassVar[str] = "Handwritten digits (MNIST)"
    source: ClassVar[str] = "LeCun, Cortes, Burges; CC BY-SA 3.0"
    labels: ClassVar[tuple[str, ...]] = tuple(map(str, range(10)))


class MnistRows(_Mnist):
    """The digits of MNIST for recurrent layers: 28 rows, one after the other. An app hands over a picture."""

    name: Literal["mnist_rows"] = "mnist_rows"
    title: ClassVar[str] = "Handwritten digits (MNIST), row by row"
    source: ClassVar[str] = Mnist.source
    shape: ClassVar[Shape] = (28, 28)
    labels: ClassVar[tuple[str, ...]] = Mnist.labels


class FashionMnist(_Mnist):
    """Pieces of clothing in the format of MNIST, and harder."""

    name: Literal["fashion_mnist"] = "fashion_mnist"
    title: ClassVar[str] = "Clothing (Fashion-MNIST)"
    source: ClassVar[str] = "Zalando Research; MIT"
    labels: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


class _Plane(_Split):
    """Points in the plane, made on the spot."""

    num_samples: Count = 1000
    noise: Annotated[float, Field(ge=0, le=10)] = 0.1
    """Standard deviation of the jitter added to each point."""
    shape: ClassVar[Shape] = (2,)
    feature_names: ClassVar[tuple[str, ...]] = ("x", "y")
    source: ClassVar[str] = "synthetic"

    @property
    def sizes(self) -> tuple[int, int]:
        return _divide(self.num_samples, self.test_fraction)


class Circles(_Plane):
    """A ring around another."""

    name: Literal["circles"] = "circles"
    title: ClassVar[str] = "Two rings"
    labels: ClassVar[tuple[str, ...]] = ("outer", "inner")
    inner_radius: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Radius of the inner ring; the outer one's is 1."""


class Moons(_Plane):
    """Two crescents, one reaching into the other."""

    name: Literal["moons"] = "moons"
    title: ClassVar[str] = "Two crescents"
    labels: ClassVar[tuple[str, ...]] = ("upper", "lower")


class Blobs(_Plane):
    """Three heaps of points."""

    name: Literal["blobs"] = "blobs"
    title: ClassVar[str] = "Three heaps"
    labels: ClassVar[tuple[str, ...]] = ("a", "b", "c")
    noise: PositiveFloat = 1.0
    """Standard deviation of each heap."""


class Xor(_Plane):
    """Four quadrants, opposite ones alike: what no straight line can part."""

    name: Literal["xor"] = "xor"
    title: ClassVar[str] = "Quadrants (exclusive or)"
    labels: ClassVar[tuple[str, ...]] = ("same sign", "opposite sign")


class Spirals(_Plane):
    """Two arms wound around each other."""

    name: Literal["spirals"] = "spirals"
    title: ClassVar[str] = "Two spirals"
    labels: ClassVar[tuple[str, ...]] = ("one", "other")


class _Sequences(_Split):
    """Sequences, made on the spot."""

    num_samples: Count = 5000
    steps: Annotated[int, Field(ge=4, le=500)] = 30
    """How long each sequence is."""
    source: ClassVar[str] = "synthetic"

    @property
    def sizes(self) -> tuple[int, int]:
        return _divide(self.num_samples, self.test_fraction)


class Waves(_Sequences):
    """Noisy waves, of any height, length and phase, to be told apart by their shape."""

    name: Literal["waves"] = "waves"
    title: ClassVar[str] = "Waves by their shape"
    kind: ClassVar[Kind] = "sequence"
    labels: ClassVar[tuple[str, ...]] = ("sine", "square", "triangle", "sawtooth")
    feature_names: ClassVar[tuple[str, ...]] = ("height",)
    num_samples: Count = 4000
    steps: Annotated[int, Field(ge=16, le=500)] = 50
    """How long each sequence is."""
    noise: Annotated[float, Field(ge=0, le=10)] = 0.1
    """Standard deviation of the jitter added to each step; the waves are 0.5 to 1.5 high."""

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # an option decides
        """Steps of one number."""
        return (self.steps, 1)


class Adding(_Sequences):
    """Numbers of which two are marked: what is their sum? The first has to be remembered (regression)."""

    name: Literal["adding"] = "adding"
    title: ClassVar[str] = "The adding problem"
    source: ClassVar[str] = "synthetic, after Hochreiter and Schmidhuber 1997"
    kind: ClassVar[Kind] = "sequence"
    task: ClassVar[Task] = "regression"
    feature_names: ClassVar[tuple[str, ...]] = ("number", "mark")
    target_name: ClassVar[str] = "sum of the two marked numbers"

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # an option decides
        """Steps of a number from 0 to 1 and a mark, 0 or 1."""
        return (self.steps, 2)


class Brackets(_Sequences):
    """Rows of brackets: does every one that opens close, and the other way round?"""

    name: Literal["brackets"] = "brackets"
    title: ClassVar[str] = "Balanced brackets"
    kind: ClassVar[Kind] = "tokens"
    labels: ClassVar[tuple[str, ...]] = ("unbalanced", "balanced")
    vocabulary: ClassVar[tuple[str, ...]] = ("nothing", "(", ")")
    steps: Annotated[int, Field(ge=4, le=500)] = 20
    """How long the longest are; the others are filled up with nothing."""

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # an option decides
        """A token for each step."""
        return (self.steps,)


AnyDataset = (
    Iris
    | Wine
    | BreastCancer
    | Digits
    | Diabetes
    | Mnist
    | MnistRows
    | FashionMnist
    | Circles
    | Moons
    | Blobs
    | Xor
    | Spirals
    | Waves
    | Adding
    | Brackets
)

DATASETS: dict[str, type[Dataset]] = {cls.model_fields["name"].default: cls for cls in AnyDataset.__args__}
"""Every dataset class by its name."""
