"""The reference of the datasets."""

from generator.fields import keys, table, wrapped
from quickml.datasets import REGISTERED, DatasetInfo, Reference
from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.files import FROM_FILES, FileReference
from quickml.document.layers.layer import shown


def section() -> str:
    """The section about datasets."""
    rows = []
    for info in map(_info, BUILT_IN.values()):
        name, (train, test) = info.name, info.sizes
        rows.append([f"[`{name}`](#{name})", shown(info.shape), _output(info), f"{train:,}", f"{test:,}"])
    overview = table(["name", "input shape", "output", "training samples", "test samples"], rows)
    sections = "\n\n".join(_dataset(cls) for cls in BUILT_IN.values())
    own = "\n\n".join(map(_own, FROM_FILES))
    return f"""## Dataset

The name of a dataset, or an object with `name` and the options of the dataset. The table shows the sizes with
default options.

{overview}

{sections}

{own}"""


def _own(cls: type[FileReference]) -> str:
    text = wrapped(" ".join((cls.__doc__ or "").split()))
    return f"### {cls.model_fields['name'].default}\n\n{text}\n\n{keys(cls, without=['name'])}"


def _info(cls: type[Reference]) -> DatasetInfo:
    return REGISTERED.info(cls.model_validate({"name": cls.model_fields["name"].default}))


def _output(info: DatasetInfo) -> str:
    return f"{len(info.labels)} classes" if info.labels else "a number"


def _inputs(info: DatasetInfo) -> str:
    names = ", ".join(f"`{name}`" for name in info.feature_names or info.vocabulary)
    steps = info.shape[0]
    return {
        "image": f"images of shape {shown(info.shape)}, raw pixels from 0 to 255",
        "features": names,
        "sequence": f"sequences of {steps} steps, each with {names}",
        "tokens": f"{steps} tokens, integers from 0, which stand for {names}",
    }[info.kind]


def _dataset(cls: type[Reference]) -> str:
    info = _info(cls)
    facts = [f"Source: {info.source}.", f"Inputs: {_inputs(info)}."]
    if info.labels:
        facts.append(f"Labels: {', '.join(f'`{label}`' for label in info.labels)}.")
    else:
        facts.append(f"Target: {info.target_name}.")
    text, options = wrapped(cls.__doc__), keys(cls, without=["name"])
    return f"### {info.name}\n\n{text}\n\n{wrapped(' '.join(facts))}\n\n{options}"
