"""Synthetic sequences, drawn with the dataset's seed."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from quickml.datasets.data import Data
from quickml.datasets.dataset import Count, Split
from quickml.datasets.info import DatasetInfo
from quickml.datasets.registry import register

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

PERIODS = (1.5, 4.0)
"""Minimum and maximum number of periods of a wave."""

HEIGHTS = (0.5, 1.5)


class _Sequences(Split):
    """Synthetic sequences."""

    num_samples: Count = 5000
    steps: Annotated[int, Field(ge=4, le=500)] = 30
    """Length of each sequence."""

    def _rng(self) -> "np.random.Generator":
        import numpy as np

        # The split uses the plain seed; the samples must not be correlated with it.
        return np.random.default_rng((self.seed, 1))


@register
class Waves(_Sequences):
    """Noisy waves of random amplitude, frequency and phase; the class is the shape of the wave."""

    name: Literal["waves"] = "waves"
    num_samples: Count = 4000
    steps: Annotated[int, Field(ge=16, le=500)] = 50
    """Length of each sequence."""
    noise: Annotated[float, Field(ge=0, le=10)] = 0.1
    """Standard deviation of the noise added to each step; the amplitudes are 0.5 to 1.5."""

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Waves by shape",
            source="synthetic",
            kind="sequence",
            shape=(self.steps, 1),
            labels=("sine", "square", "triangle", "sawtooth"),
            feature_names=("height",),
            sizes=self.divided(self.num_samples),
        )

    def load(self) -> Data:
        """Heights, float32 (n, steps, 1). The sizes of the classes differ by at most one."""
        import numpy as np

        from quickml.datasets.split import divided

        info, rng = self.info(), self._rng()
        label = (np.arange(self.num_samples) % len(info.labels)).astype(np.int32)
        periods, phase, height = (
            rng.uniform(low, high, (len(label), 1)) for low, high in (PERIODS, (0, 1), HEIGHTS)
        )
        at = (phase + periods * np.linspace(0, 1, self.steps)) % 1.0
        square = np.where(at < 0.5, 1.0, -1.0)
        shapes = np.stack([np.sin(2 * np.pi * at), square, 4 * np.abs(at - 0.5) - 1, 2 * at - 1])
        clean = height * shapes[label, np.arange(len(label))]
        noisy = clean + rng.normal(0.0, self.noise, clean.shape)
        return divided(noisy[..., None].astype(np.float32), label, info.sizes, self.seed)


@register
class Adding(_Sequences):
    """The adding problem: the sum of the two marked numbers of a sequence (regression)."""

    name: Literal["adding"] = "adding"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="The adding problem",
            source="synthetic, after Hochreiter and Schmidhuber 1997",
            kind="sequence",
            task="regression",
            shape=(self.steps, 2),
            feature_names=("number", "mark"),
            target_name="sum of the two marked numbers",
            sizes=self.divided(self.num_samples),
        )

    def load(self) -> Data:
        """Uniform numbers from 0 to 1 and marks, float32 (n, steps, 2); sums, float32 (n,).

        One mark is in the first half of the sequence and one in the second.
        """
        import numpy as np

        from quickml.datasets.split import divided

        rng = self._rng()
        count, half = self.num_samples, self.steps // 2
        numbers, marks = rng.uniform(0, 1, (count, self.steps)), np.zeros((count, self.steps))
        for first, last in ((0, half), (half, self.steps)):
            marks[np.arange(count), rng.integers(first, last, count)] = 1
        sums = (numbers * marks).sum(axis=1).astype(np.float32)
        samples = np.stack([numbers, marks], axis=-1).astype(np.float32)
        return divided(samples, sums, self.info().sizes, self.seed)


@register
class Brackets(_Sequences):
    """Sequences of brackets: are they balanced?"""

    name: Literal["brackets"] = "brackets"
    steps: Annotated[int, Field(ge=4, le=500)] = 20
    """Length of each sequence; shorter ones are padded."""

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Balanced brackets",
            source="synthetic",
            kind="tokens",
            shape=(self.steps,),
            labels=("unbalanced", "balanced"),
            vocabulary=("nothing", "(", ")"),
            sizes=self.divided(self.num_samples),
        )

    def load(self) -> Data:
        """Tokens, int32 (n, steps): 1 opens, 2 closes, 0 pads the end. Half of the rows are balanced.

        An unbalanced row is a balanced one with a change: either a single bracket is flipped, or all brackets
        of one outermost group are. The second kind still has equal numbers of opening and closing brackets.
        """
        import numpy as np

        from quickml.datasets.split import divided

        rng = self._rng()
        label = (np.arange(self.num_samples) % 2).astype(np.int32)
        tokens = np.zeros((self.num_samples, self.steps), np.int32)
        for row, is_balanced in zip(tokens, label, strict=True):
            word = _balanced(rng, int(rng.integers(2, self.steps // 2 + 1)))
            row[: len(word)] = word if is_balanced else _spoiled(rng, word)
        return divided(tokens, label, self.info().sizes, self.seed)


def _balanced(rng: "np.random.Generator", pairs: int) -> "Array":
    """A random balanced row of `pairs` pairs, int32 (2 * pairs,); the distribution is not uniform."""
    import numpy as np

    word, depth, left = [], 0, pairs
    while left or depth:
        opens = left > 0 and (depth == 0 or rng.random() < 0.5)
        word.append(1 if opens else 2)
        depth, left = (depth + 1, left - 1) if opens else (depth - 1, left)
    return np.array(word, np.int32)


def _spoiled(rng: "np.random.Generator", word: "Array") -> "Array":
    import numpy as np

    spoiled = word.copy()
    if rng.random() < 0.5:
        place = rng.integers(len(word))
        spoiled[place] = 3 - word[place]
        return spoiled
    # An outermost group ends where the depth returns to 0.
    ends = np.flatnonzero(np.cumsum(np.where(word == 1, 1, -1)) == 0) + 1
    group = int(rng.integers(len(ends)))
    first = 0 if group == 0 else int(ends[group - 1])
    spoiled[first : ends[group]] = 3 - word[first : ends[group]]
    return spoiled
