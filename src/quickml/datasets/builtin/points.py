"""Synthetic points in the plane: float32 (n, 2), drawn with the dataset's seed.

The sizes of the classes differ by at most one. The noise is Gaussian, with the standard deviation `noise`
along each axis.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from quickml.datasets.data import Data
from quickml.datasets.dataset import Count, Split
from quickml.datasets.info import DatasetInfo
from quickml.datasets.registry import register
from quickml.fields import PositiveFloat

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

TURNS = 1.5
"""Number of turns of each spiral."""

OUTER_RADIUS = 2.0
"""Radius of the end of an arm. Neighbouring arms are 0.67 apart, distinct at the default noise of 0.1."""

BLOB_RADIUS = 3.0
"""Distance of each cluster's centre from the origin; 5.2 from the other two."""


class _Plane(Split):
    """Synthetic points in the plane."""

    num_samples: Count = 1000
    noise: Annotated[float, Field(ge=0, le=10)] = 0.1
    """Standard deviation of the noise added to each point."""

    def _info(self, title: str, *labels: str) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title=title,
            source="synthetic",
            shape=(2,),
            labels=labels,
            feature_names=("x", "y"),
            sizes=self.divided(self.num_samples),
        )

    def load(self) -> Data:
        import numpy as np

        from quickml.datasets.split import divided

        info = self.info()
        label = (np.arange(self.num_samples) % len(info.labels)).astype(np.int32)
        # The split uses the plain seed; the points must not be correlated with it.
        rng = np.random.default_rng((self.seed, 1))
        points = self._points(rng, label)
        jittered = points + rng.normal(0.0, self.noise, points.shape)
        return divided(jittered.astype(np.float32), label, info.sizes, self.seed)

    def _points(self, rng: "np.random.Generator", label: "Array") -> "Array":
        """Points (n, 2) without noise, for the class of each point: int32 (n,), alternating."""
        raise NotImplementedError


def _polar(radius: "Array | float", angle: "Array") -> "Array":
    """Points (n, 2) from polar coordinates, angles in radians."""
    import numpy as np

    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


@register
class Circles(_Plane):
    """Two concentric rings."""

    name: Literal["circles"] = "circles"
    inner_radius: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Radius of the inner ring; the outer one's is 1."""

    def info(self) -> DatasetInfo:
        return self._info("Two rings", "outer", "inner")

    def _points(self, rng: "np.random.Generator", label: "Array") -> "Array":
        """Two rings around the origin, the outer of radius 1, with uniform angles."""
        import numpy as np

        angle = rng.uniform(0, 2 * np.pi, len(label))
        return _polar(np.where(label == 0, 1.0, self.inner_radius), angle)


@register
class Moons(_Plane):
    """Two interleaving crescents."""

    name: Literal["moons"] = "moons"

    def info(self) -> DatasetInfo:
        return self._info("Two crescents", "upper", "lower")

    def _points(self, rng: "np.random.Generator", label: "Array") -> "Array":
        """The upper half of a unit circle around (0, 0), and the lower half of one around (1, 0.5)."""
        import numpy as np

        upper = _polar(1.0, rng.uniform(0, np.pi, len(label)))
        return np.where((label == 0)[:, None], upper, (1.0, 0.5) - upper)


@register
class Blobs(_Plane):
    """Three clusters of points."""

    name: Literal["blobs"] = "blobs"
    noise: PositiveFloat = 1.0
    """Standard deviation of each cluster."""

    def info(self) -> DatasetInfo:
        return self._info("Three clusters", "a", "b", "c")

    def _points(self, rng: "np.random.Generator", label: "Array") -> "Array":  # noqa: ARG002
        """The corners of a triangle."""
        import numpy as np

        return _polar(BLOB_RADIUS, np.pi / 2 + label * (2 * np.pi / 3))


@register
class Xor(_Plane):
    """Four quadrants, of which opposite ones are one class: not linearly separable."""

    name: Literal["xor"] = "xor"

    def info(self) -> DatasetInfo:
        return self._info("Quadrants (exclusive or)", "same sign", "opposite sign")

    def _points(self, rng: "np.random.Generator", label: "Array") -> "Array":
        """Uniform points in the square from -1 to 1. The noise moves some of them across the border."""
        import numpy as np

        points: Array = rng.uniform(0, 1, (len(label), 2)) * rng.choice((-1, 1), (len(label), 1))
        points[:, 1] *= np.where(label == 0, 1, -1)
        return points


@register
class Spirals(_Plane):
    """Two intertwined spirals."""

    name: Literal["spirals"] = "spirals"

    def info(self) -> DatasetInfo:
        return self._info("Two spirals", "one", "other")

    def _points(self, rng: "np.random.Generator", label: "Array") -> "Array":
        """Two arms from the origin outwards, half a turn apart, with points evenly along their length."""
        import numpy as np

        # The length of an arm grows with the square of the radius, so the square root spreads points evenly.
        along = np.sqrt(rng.uniform(0, 1, len(label)))
        return _polar(along * OUTER_RADIUS, along * (TURNS * 2 * np.pi) + label * np.pi)
