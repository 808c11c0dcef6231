"""The reference of the datasets."""

from generator.fields import keys, table, wrapped
from quickml.spec.datasets import DATASETS, Dataset
from quickml.spec.layers.layer import shown


def section() -> str:
    """The chapter of all of them."""
    rows = []
    for name, cls in DATASETS.items():
        train, test = cls().sizes
        rows.append([f"[`{name}`](#{name})", shown(cls.shape), _answers(cls), f"{train:,}", f"{test:,}"])
    overview = table(["name", "input", "answer", "training samples", "test samples"], rows)
    sections = "\n\n".join(_dataset(cls) for cls in DATASETS.values())
    return f"""## Dataset

A name alone, or an object with `name` and the dataset's own options. Sizes are those without any option.

{overview}

{sections}"""


def _answers(cls: type[Dataset]) -> str:
    return f"{len(cls.labels)} classes" if cls.labels else "a number"


def _dataset(cls: type[Dataset]) -> str:
    name = cls.model_fields["name"].default
    facts = [f"Source: {cls.source}."]
    if cls.is_image.fget(cls):  # type: ignore[attr-defined]
        facts.append(f"Inputs: pictures of {shown(cls.shape)}, raw pixels 0 to 255.")
    else:
        facts.append(f"Inputs: {', '.join(f'`{feature}`' for feature in cls.feature_names)}.")
    if cls.labels:
        facts.append(f"Labels: {', '.join(f'`{label}`' for label in cls.labels)}.")
    else:
        facts.append(f"Answer: {cls.target_name}.")
    return (
        f"### {name}\n\n{wrapped(cls.__doc__)}\n\n{wrapped(' '.join(facts))}\n\n{keys(cls, without=['name'])}"
    )
