"""The reference of the datasets."""

from generator.fields import keys, table, wrapped
from quickml.document.datasets import DATASETS, Dataset
from quickml.document.layers.layer import shown


def section() -> str:
    """The chapter of all of them."""
    rows = []
    for name, cls in DATASETS.items():
        train, test = cls().sizes
        rows.append([f"[`{name}`](#{name})", shown(cls().shape), _answers(cls), f"{train:,}", f"{test:,}"])
    overview = table(["name", "input", "answer", "training samples", "test samples"], rows)
    sections = "\n\n".join(_dataset(cls) for cls in DATASETS.values())
    return f"""## Dataset

A name alone, or an object with `name` and the dataset's own options. Sizes are those without any option.

{overview}

{sections}"""


def _answers(cls: type[Dataset]) -> str:
    return f"{len(cls.labels)} classes" if cls.labels else "a number"


def _inputs(dataset: Dataset) -> str:
    names = ", ".join(f"`{name}`" for name in dataset.feature_names or dataset.vocabulary)
    steps = dataset.shape[0]
    return {
        "image": f"pictures of {shown(dataset.shape)}, raw pixels 0 to 255",
        "features": names,
        "sequence": f"sequences of {steps} steps, for each {names}",
        "tokens": f"{steps} tokens, numbers from 0 that stand for {names}",
    }[dataset.kind]


def _dataset(cls: type[Dataset]) -> str:
    name = cls.model_fields["name"].default
    facts = [f"Source: {cls.source}.", f"Inputs: {_inputs(cls())}."]
    if cls.labels:
        facts.append(f"Labels: {', '.join(f'`{label}`' for label in cls.labels)}.")
    else:
        facts.append(f"Answer: {cls.target_name}.")
    return (
        f"### {name}\n\n{wrapped(cls.__doc__)}\n\n{wrapped(' '.join(facts))}\n\n{keys(cls, without=['name'])}"
    )
