"""How to train: optimizers, losses, schedules and early stopping, with Keras' names and defaults."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from quickml.fields import ByType, DocumentModel, Fraction, Numbers, PositiveFloat, Size, Sizes, wrong_form

Momentum = Annotated[float, Field(ge=0, lt=1)]
Decay = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0, le=1e6)]


class Optimizer(DocumentModel):
    """Arguments of all optimizers."""

    type: str
    learning_rate: Rate = 0.001
    clipnorm: PositiveFloat | None = None
    """Clip the gradient of each weight to this norm."""

    slots: ClassVar[int] = 2
    """Variables that it keeps for each weight, at most."""


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum."""

    type: Literal["SGD"] = "SGD"
    slots: ClassVar[int] = 1
    learning_rate: Rate = 0.01
    momentum: Momentum = 0.0
    nesterov: bool = False


class RMSprop(Optimizer):
    """Divides each step by a moving average of recent gradient magnitudes."""

    type: Literal["RMSprop"] = "RMSprop"
    rho: Momentum = 0.9
    momentum: Momentum = 0.0
    epsilon: PositiveFloat = 1e-7


class Adam(Optimizer):
    """RMSprop with momentum; a good default."""

    type: Literal["Adam"] = "Adam"
    beta_1: Momentum = 0.9
    beta_2: Momentum = 0.999
    epsilon: PositiveFloat = 1e-7


class AdamW(Optimizer):
    """Adam with decoupled weight decay."""

    type: Literal["AdamW"] = "AdamW"
    weight_decay: Decay = 0.004
    beta_1: Momentum = 0.9
    beta_2: Momentum = 0.999
    epsilon: PositiveFloat = 1e-7


class Adagrad(Optimizer):
    """Adapts the step of each weight to the sum of its past gradients."""

    type: Literal["Adagrad"] = "Adagrad"
    slots: ClassVar[int] = 1
    initial_accumulator_value: Decay = 0.1
    epsilon: PositiveFloat = 1e-7


class Adadelta(Optimizer):
    """Adagrad with a moving window of gradients. Its paper uses a learning rate of 1.0, Keras 0.001."""

    type: Literal["Adadelta"] = "Adadelta"
    rho: Momentum = 0.95
    epsilon: PositiveFloat = 1e-7


class Nadam(Optimizer):
    """Adam with Nesterov momentum."""

    type: Literal["Nadam"] = "Nadam"
    beta_1: Momentum = 0.9
    beta_2: Momentum = 0.999
    epsilon: PositiveFloat = 1e-7


AnyOptimizer = SGD | RMSprop | Adam | AdamW | Adagrad | Adadelta | Nadam


class ExponentialDecay(DocumentModel):
    """rate * decay_rate ^ (step / decay_steps)."""

    type: Literal["ExponentialDecay"] = "ExponentialDecay"
    decay_steps: Size
    decay_rate: PositiveFloat
    staircase: bool = False


class InverseTimeDecay(DocumentModel):
    """rate / (1 + decay_rate * step / decay_steps)."""

    type: Literal["InverseTimeDecay"] = "InverseTimeDecay"
    decay_steps: Size
    decay_rate: PositiveFloat
    staircase: bool = False


class PolynomialDecay(DocumentModel):
    """Decreases from the optimizer's rate to `end_learning_rate` as a power of the remaining steps."""

    type: Literal["PolynomialDecay"] = "PolynomialDecay"
    decay_steps: Size | None = None
    """Default: all steps of the training."""
    end_learning_rate: Annotated[float, Field(ge=0)] = 0.0001
    power: PositiveFloat = 1.0


class CosineDecay(DocumentModel):
    """Decreases along half a cosine from the optimizer's rate to its fraction `alpha`."""

    type: Literal["CosineDecay"] = "CosineDecay"
    decay_steps: Size | None = None
    """Default: all steps of the training."""
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.0


class PiecewiseConstantDecay(DocumentModel):
    """A constant rate up to each boundary (in steps), and one after the last."""

    type: Literal["PiecewiseConstantDecay"] = "PiecewiseConstantDecay"
    boundaries: Annotated[Sizes, Field(min_length=1)]
    values: Annotated[Numbers, Field(min_length=2)]


AnySchedule = ExponentialDecay | InverseTimeDecay | PolynomialDecay | CosineDecay | PiecewiseConstantDecay


ClassificationLoss = Literal[
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
    "categorical_focal_crossentropy",
    "kl_divergence",
    "categorical_hinge",
]
RegressionLoss = Literal["mean_squared_error", "mean_absolute_error", "huber", "log_cosh"]
Loss = Literal[ClassificationLoss, RegressionLoss]
Metric = Literal[
    "accuracy",
    "top_k_categorical_accuracy",
    "mean_absolute_error",
    "mean_squared_error",
    "root_mean_squared_error",
    "r2_score",
]

Monitor = Literal[
    "loss",
    Metric,
    "val_loss",
    "val_accuracy",
    "val_top_k_categorical_accuracy",
    "val_mean_absolute_error",
    "val_mean_squared_error",
    "val_root_mean_squared_error",
    "val_r2_score",
]
HIGHER_IS_BETTER = frozenset({"accuracy", "top_k_categorical_accuracy", "r2_score"})
"""Metrics that early stopping maximizes."""

ShortLoss = Literal["mse", "mae"]
ShortMetric = Literal["mse", "mae", "acc"]
SHORT_NAMES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "acc": "accuracy"}
"""Keras' own abbreviations."""


OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.__name__: cls for cls in (SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Nadam)
}


def named(value: Any) -> Any:
    """An optimizer by its name alone, in any case, as Keras takes it."""
    if not isinstance(value, str | dict | Optimizer):
        raise wrong_form("a name, or an object with the key 'type'")
    if isinstance(value, str):
        value = {"type": value}
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        known = {name.lower(): name for name in OPTIMIZERS}
        return {**value, "type": known.get(value["type"].lower(), value["type"])}
    return value


def long_name(name: str) -> str:
    """The full name of a loss, a metric, or a value to monitor, of which `val_` may be the beginning."""
    bare = name.removeprefix("val_")
    return name.removesuffix(bare) + SHORT_NAMES.get(bare, bare)


BALANCED = "balanced"


def _class_weight(value: Any) -> Any:
    if value is None or value == BALANCED or isinstance(value, dict):
        return value
    raise wrong_form("'balanced', or an object with a weight for each label")


_WEIGHTS_OF_LABELS = Tag("weights of labels")
_WORD = Tag("word")
ClassWeight = Annotated[
    Annotated[Literal["balanced"], _WORD]
    | Annotated[dict[str, Rate], Field(min_length=1), _WEIGHTS_OF_LABELS]
    | Annotated[None, Tag("none")],
    Discriminator(
        lambda value: "weights of labels" if isinstance(value, dict) else "word" if value else "none"
    ),
    BeforeValidator(_class_weight),
]


class EarlyStopping(DocumentModel):
    """Stop when a metric has not improved for `patience` epochs."""

    monitor: Annotated[str, WithJsonSchema({"type": "string", "enum": list(get_args(Monitor))})] = "val_loss"
    """The loss, or one of the metrics of the training; with `val_`, on the validation samples."""
    patience: Annotated[int, Field(ge=0, le=1_000_000)] = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    restore_best_weights: bool = True


_Tagged = Annotated[AnyOptimizer, ByType()]
NamedOptimizer = Annotated[
    _Tagged, BeforeValidator(named, json_schema_input_type=_Tagged | Literal[tuple(OPTIMIZERS)])
]


Accelerator = Literal["auto", "cpu", "gpu"]


class Training(DocumentModel):
    """How the network is trained."""

    optimizer: NamedOptimizer = Adam.model_construct()  # `Adam()` builds a validator
    loss: Literal[Loss, ShortLoss] | None = None
    """Default: chosen for the dataset."""
    metrics: tuple[Literal[Metric, ShortMetric], ...] | None = None
    """Default: chosen for the dataset."""
    class_weight: ClassWeight = None
    """For unbalanced classes: the loss of a sample counts as often as the weight of its label says, 1 without
    one. `balanced`: samples / (classes * samples of the class), of the training samples. Evaluation on
    validation and test samples stays unweighted."""
    batch_size: Size = 32
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    validation_fraction: Fraction = 0.0
    """Fraction of the training samples that is held out and evaluated after each epoch."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    """Number type of the training; the finished model is always float32. `auto` is the fastest one that the
    processor or the GPU computes with, and float32 for small networks."""
    accelerator: Accelerator = "auto"
    """Device of the training. With `gpu`, a job waits for a worker with a GPU. `auto` is a GPU if the machine
    or the worker has one, otherwise the processor. On a GPU, trainings with the same seed differ slightly."""
    early_stopping: EarlyStopping | None = None
    learning_rate_schedule: Annotated[AnySchedule, ByType()] | None = None
    max_seconds: PositiveFloat | None = None
    """Stop the training after this time and keep the model trained so far."""
