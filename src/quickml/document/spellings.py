"""Spellings of Keras, PyTorch and everyday use that documents do not have, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

CUTOFF = 0.8
"""Similarity of two words, from 0 to 1, from which one may be a misspelling of the other."""

SHORTEST = 4
"""Letters that the beginning of a name must have to stand for it."""

TYPES: Mapping[str, str] = {
    "maxpool1d": "MaxPooling1D", "maxpool2d": "MaxPooling2D", "avgpool1d": "AveragePooling1D",
    "avgpool2d": "AveragePooling2D", "avgpooling1d": "AveragePooling1D", "avgpooling2d": "AveragePooling2D",
    "globalavgpool1d": "GlobalAveragePooling1D", "globalavgpool2d": "GlobalAveragePooling2D",
    "globalmaxpool1d": "GlobalMaxPooling1D", "globalmaxpool2d": "GlobalMaxPooling2D",
    "convolution1d": "Conv1D", "convolution2d": "Conv2D", "convolutional2d": "Conv2D",
    "convolution2dtranspose": "Conv2DTranspose", "convtranspose2d": "Conv2DTranspose",
    "separableconvolution2d": "SeparableConv2D", "batchnorm": "BatchNormalization",
    "batchnorm1d": "BatchNormalization", "batchnorm2d": "BatchNormalization",
    "layernorm": "LayerNormalization", "groupnorm": "GroupNormalization", "linear": "Dense",
    "fullyconnected": "Dense", "fc": "Dense", "dropout2d": "SpatialDropout2D", "concat": "Concatenate",
    "upsample": "UpSampling2D", "rnn": "SimpleRNN", "cudnnlstm": "LSTM", "cudnngru": "GRU",
    "optimizer": "Adam", "momentum": "SGD", "sgdmomentum": "SGD",
}  # fmt: skip
"""Other names of layers and optimizers, as `plain` writes them."""

FUNCTIONS: Mapping[str, str] = {
    **{name: name for name in ("sigmoid", "tanh", "gelu", "selu", "relu6", "softplus", "softsign", "silu")},
    "swish": "silu",
    "hardsigmoid": "hard_sigmoid",
}
"""Activations that other libraries have as layers."""

INPUTS = frozenset({"input", "inputlayer"})

OTHER_TYPES = frozenset({
    "ActivityRegularization", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D",
    "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdditiveAttention", "AlphaDropout", "Attention",
    "AugMix", "AutoContrast", "AveragePooling3D", "CategoryEncoding", "CenterCrop", "Conv1DTranspose",
    "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Cropping1D", "Cropping3D",
    "CutMix", "DepthwiseConv1D", "Discretization", "Dot", "EinsumDense", "Equalization", "GRUCell",
    "GaussianDropout", "GlobalAveragePooling3D", "GlobalMaxPooling3D", "GroupQueryAttention",
    "HashedCrossing", "Hashing", "Identity", "IntegerLookup", "LSTMCell", "Lambda", "Masking",
    "MaxPooling3D", "MelSpectrogram", "MixUp", "RMSNormalization", "RandAugment", "RandomBrightness",
    "RandomColorJitter", "RandomContrast", "RandomCrop", "RandomElasticTransform", "RandomErasing",
    "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective",
    "RandomPosterization", "RandomSaturation", "RandomSharpness", "RandomShear", "SeparableConv1D",
    "SimpleRNNCell", "Solarization", "SpatialDropout3D", "SpectralNormalization", "StackedRNNCells",
    "STFTSpectrogram", "StringLookup", "TextVectorization", "UnitNormalization", "UpSampling1D",
    "UpSampling3D", "ZeroPadding3D", "Adafactor", "Adamax", "Ftrl", "Lamb", "Lion", "Muon",
})  # fmt: skip
"""Layers and optimizers of Keras that QuickML does not have."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "optimiser": ("optimizer",),
    "lr": ("learning_rate",), "alpha": ("negative_slope",), "leak": ("negative_slope",),
    "nbfilter": ("filters",), "nbfilters": ("filters",), "numfilters": ("filters",),
    "outchannels": ("filters",), "outputdim": ("units",), "outfeatures": ("units",),
    "hiddensize": ("units",), "hiddenunits": ("units",), "neurons": ("units",), "nodes": ("units",),
    "numunits": ("units",), "size": ("units", "pool_size"), "kernel": ("kernel_size",),
    "filtersize": ("kernel_size",), "windowsize": ("pool_size",), "p": ("rate",), "dropout": ("rate",),
    "dropoutrate": ("rate",), "probability": ("rate",), "std": ("stddev",), "sigma": ("stddev",),
    "shape": ("target_shape",), "bias": ("use_bias",), "act": ("activation",),
    "activationfunction": ("activation",), "function": ("activation",), "nonlinearity": ("activation",),
    "init": ("kernel_initializer",), "numembeddings": ("input_dim",), "embeddingdim": ("output_dim",),
    "vocabsize": ("input_dim",), "heads": ("num_heads",), "validationsplit": ("validation_fraction",),
    "batch": ("batch_size",), "epoch": ("epochs",), "nbepoch": ("epochs",), "numepochs": ("epochs",),
    "nepochs": ("epochs",), "schedule": ("learning_rate_schedule",),
    "scheduler": ("learning_rate_schedule",), "lossfunction": ("loss",), "input": ("inputs",),
    "format": ("formats",), "classname": ("type",), "layertype": ("type",), "layer": ("type",),
    "class": ("type",), "kind": ("type",), "eps": ("epsilon",), "testsplit": ("test_fraction",),
    "testsize": ("test_fraction",), "id": ("name",), "title": ("name",), "ios": ("minimum_ios",),
    "quantization": ("weights",), "quantize": ("weights",), "timelimit": ("max_seconds",),
    "maxtime": ("max_seconds",), "timeout": ("max_seconds",), "network": ("model",),
    "architecture": ("model",), "data": ("dataset",), "train": ("training",), "fit": ("training",),
    "classweights": ("class_weight",), "balance": ("class_weight",), "balanced": ("class_weight",),
}  # fmt: skip
"""Other names of keys, as `plain` writes them, and the keys that may be meant."""

SHAPE_KEYS = frozenset({"input_shape", "batch_input_shape", "batch_shape", "input_dim", "input_length"})
"""Keras' keys of a first layer, which a document does not need."""

OTHER_KEYS = re.compile(
    r"(data_format|dtype|trainable|seed|\w+_constraint|(bias|activity|beta|gamma)_regularizer"
    r"|(beta|gamma|moving_mean|moving_variance)_initializer|unroll|stateful|return_state|noise_shape|mask_zero"
    r"|build_config|registered_name|module|lora_\w+|quantization_config|use_cudnn|implementation"
    r"|weight_decay|amsgrad|clipvalue|global_clipnorm|use_ema|ema_\w+|loss_scale_factor|centered|decay"
    r"|gradient_accumulation_steps|callbacks|verbose|shuffle|sample_weight|steps_per_epoch"
    r"|validation_data|validation_steps|validation_freq|initial_epoch|run_eagerly|jit_compile|loss_weights"
    r"|mode|baseline|start_from_epoch)"
)
"""Arguments of Keras that QuickML does not have."""

VALUES: Mapping[str, tuple[Any, ...]] = {
    "swish": ("silu",), "none": ("linear",), "identity": ("linear",), "logistic": ("sigmoid",),
    "l1": ({"l1": 0.01},), "l2": ({"l2": 0.01},), "l1l2": ({"l1": 0.01, "l2": 0.01},),
    "glorot": ("glorot_uniform",), "xavier": ("glorot_uniform",), "xavieruniform": ("glorot_uniform",),
    "xaviernormal": ("glorot_normal",), "he": ("he_normal",), "kaiming": ("he_normal",),
    "kaiminguniform": ("he_uniform",), "kaimingnormal": ("he_normal",), "normal": ("random_normal",),
    "gaussian": ("random_normal",), "uniform": ("random_uniform",), "zero": ("zeros",), "one": ("ones",),
    "crossentropy": ("sparse_categorical_crossentropy",), "nll": ("sparse_categorical_crossentropy",),
    "bce": ("binary_crossentropy",), "kld": ("kl_divergence",),
    "kullbackleiblerdivergence": ("kl_divergence",), "rmse": ("root_mean_squared_error",),
    "r2": ("r2_score",), "topk": ("top_k_categorical_accuracy",), "half": ("float16",),
    "fp16": ("float16",), "fp32": ("float32",), "float": ("float32",), "bfloat16": ("mixed_bfloat16",),
    "bf16": ("mixed_bfloat16",), "mixedfloat16": ("mixed_bfloat16",), "quantized": ("int8",),
    "palettized": ("palettized-8",), "both": ("horizontal_and_vertical",), "coreml": ("mlmodel",),
    "average": ("ave",), "mean": ("ave",),
}  # fmt: skip
"""Other spellings of values, as `plain` writes them, and what may be meant."""

OWN_DATA = frozenset(
    {"csv", "json", "folder", "file", "path", "custom", "own", "mydata", "images", "imagefolder"}
)
"""Words for data of one's own, as `plain` writes them."""

PICTURES = "networks that answer with pictures (autoencoders, segmentation) are not offered yet"
PICTURE_TARGETS = frozenset(
    {"input", "inputs", "image", "images", "picture", "pictures", "mask", "masks", "x"}
)
"""Words for a target that is a picture, as `plain` writes them."""


def plain(word: str) -> str:
    """A word in lower case, without anything but letters and digits, to compare spellings."""
    return re.sub(r"[^a-z0-9]", "", word[:64].lower())


def similar(word: str, known: Sequence[str], *, cutoff: float = CUTOFF) -> list[str]:
    """The names that a word may mean: the one it begins, or the closest; several if only digits differ."""
    return list(_similar(word[:64], tuple(known), cutoff))


@lru_cache(1000)
def _similar(word: str, known: tuple[str, ...], cutoff: float) -> tuple[str, ...]:
    starts = [name for name in known if plain(name).startswith(plain(word))]
    if len(starts) == 1 and len(plain(word)) >= SHORTEST:
        return tuple(starts)
    names: dict[str, list[str]] = {}
    digits = re.findall(r"\d", word)
    for name in known:
        bare = plain(name) if digits else re.sub(r"\d+d?", "", plain(name))
        if not digits or re.findall(r"\d", name) in (digits, []):
            names.setdefault(bare, []).append(name)
    close = difflib.get_close_matches(plain(word), names, n=1, cutoff=cutoff)
    return tuple(names[close[0]]) if close else ()


def question(names: Sequence[str]) -> str:
    """A hint: `did you mean 'A' or 'B'?`; empty for no names."""
    return f"did you mean {' or '.join(map(repr, names))}?" if names else ""
