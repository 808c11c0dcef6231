"""Small classic datasets, read from the files of scikit-learn."""

from typing import Literal

from quickml.datasets.data import Data
from quickml.datasets.dataset import Split
from quickml.datasets.info import DatasetInfo
from quickml.datasets.registry import register


class _Classified(Split):
    """A table of features with a class for each row."""

    def _rows(self, file: str) -> Data:
        """Features, float32 (n, k), in the units in `info`; classes, int32 (n,)."""
        import numpy as np

        from quickml.datasets.scikit_learn import classified
        from quickml.datasets.split import divided

        x, y = classified(self.name, file, header=1)
        return divided(x.astype(np.float32), y.astype(np.int32), self.info().sizes, self.seed)


@register
class Iris(_Classified):
    """150 flowers of three species, with four measurements each in centimetres (Fisher 1936)."""

    name: Literal["iris"] = "iris"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Iris flowers",
            source="Fisher 1936, through scikit-learn",
            shape=(4,),
            labels=("setosa", "versicolor", "virginica"),
            feature_names=("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"),
            sizes=self.divided(150),
        )

    def load(self) -> Data:
        return self._rows("iris.csv")


@register
class Wine(_Classified):
    """178 wines of three growers in one region: thirteen chemical measurements each."""

    name: Literal["wine"] = "wine"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Wines",
            source="UCI Wine, through scikit-learn",
            shape=(13,),
            labels=("class_0", "class_1", "class_2"),
            feature_names=(
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
            ),
            sizes=self.divided(178),
        )

    def load(self) -> Data:
        return self._rows("wine_data.csv")


_NUCLEUS = (
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


@register
class BreastCancer(_Classified):
    """569 cell samples, benign or malignant: thirty measurements of cell nuclei each."""

    name: Literal["breast_cancer"] = "breast_cancer"

    def info(self) -> DatasetInfo:
        forms = ("mean {}", "{} error", "worst {}")
        return DatasetInfo(
            name=self.name,
            title="Breast cancer (Wisconsin)",
            source="UCI Breast Cancer Wisconsin (Diagnostic), through scikit-learn",
            shape=(30,),
            labels=("malignant", "benign"),
            feature_names=tuple(form.format(measure) for form in forms for measure in _NUCLEUS),
            sizes=self.divided(569),
        )

    def load(self) -> Data:
        return self._rows("breast_cancer.csv")


@register
class Digits(Split):
    """1,797 handwritten digits of 8 by 8 grey pixels, scaled to 0..255."""

    name: Literal["digits"] = "digits"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Small handwritten digits",
            source="UCI Optical Recognition of Handwritten Digits, through scikit-learn",
            kind="image",
            shape=(8, 8, 1),
            labels=tuple("0123456789"),
            sizes=self.divided(1797),
        )

    def load(self) -> Data:
        """Images, uint8 (n, 8, 8, 1). The 17 grey levels of the original are scaled to 0..255."""
        import numpy as np

        from quickml.datasets.scikit_learn import classified
        from quickml.datasets.split import divided

        x, y = classified(self.name, "digits.csv.gz")
        pixels = np.rint(x * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
        return divided(pixels, y.astype(np.int32), self.info().sizes, self.seed)


@register
class Diabetes(Split):
    """442 patients with ten measurements each: disease progression after one year (regression)."""

    name: Literal["diabetes"] = "diabetes"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Diabetes progression",
            source="Efron, Hastie, Johnstone, Tibshirani 2004, through scikit-learn",
            task="regression",
            shape=(10,),
            feature_names=("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
            target_name="disease progression after one year",
            sizes=self.divided(442),
        )

    def load(self) -> Data:
        """Features, float32 (n, 10), as measured, not standardised; targets, float32 (n,)."""
        import numpy as np

        from quickml.datasets.scikit_learn import table, through_sklearn
        from quickml.datasets.split import divided

        x = table("diabetes_data_raw.csv.gz", delimiter=None)
        y = table("diabetes_target.csv.gz", delimiter=None)
        if x is None or y is None:
            x, y = through_sklearn(self.name, scaled=False)
        return divided(x.astype(np.float32), y.ravel().astype(np.float32), self.info().sizes, self.seed)
