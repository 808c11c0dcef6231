"""The words of messages: true, complete, and in the terms of the document."""

import json

import pytest

from quickml.document import understand
from quickml.document.hints import OWN_DATA
from quickml.document.spellings import PICTURES
from quickml.errors import DocumentError
from quickml.patch import applied

END = {"type": "Dense", "units": 3, "activation": "softmax"}
TEN = {"type": "Dense", "units": 10, "activation": "softmax"}
FOUR = {"type": "Dense", "units": 4, "activation": "softmax"}
MEAN = {"type": "GlobalAveragePooling1D"}
LSTM = {"type": "LSTM", "units": 4, "return_sequences": True}


def document(*layers, dataset="iris", **others):
    return {"name": "test", "dataset": dataset, "model": {"layers": list(layers)}, **others}


def told(doc):
    try:
        understand(doc)
    except DocumentError as error:
        return [str(problem) for problem in error.problems]
    return []


def told_of_layer(layer, *others, dataset="iris"):
    return told(document(layer, *others, {**END}, dataset=dataset))


@pytest.mark.parametrize(
    ("layer", "key", "found"),
    [
        ({"type": "MaxPooling2D", "pool_size": [2]}, "pool_size", "[2]; write 2"),
        ({"type": "Conv2D", "filters": 3, "kernel_size": [3]}, "kernel_size", "[3]; write 3"),
        ({"type": "Conv2D", "filters": 3, "kernel_size": 3, "strides": [2]}, "strides", "[2]; write 2"),
        ({"type": "Conv2D", "filters": 3, "kernel_size": "3x3"}, "kernel_size", '"3x3"; write [3, 3]'),
        ({"type": "Conv2D", "filters": 3, "kernel_size": [3, 3, 3]}, "kernel_size", "[3, 3, 3]; write 3"),
        ({"type": "ZeroPadding1D", "padding": [1]}, "padding", "[1]; write 1"),
        ({"type": "UpSampling2D", "size": None}, "size", "null; leave it out for the default"),
    ],
    ids=str,
)
def test_a_pair_is_an_integer_or_two(layer, key, found):
    assert told_of_layer(layer) == [
        f"/model/layers/0/{key}: expected an integer, or a list of two integers, found {found}"
    ]


@pytest.mark.parametrize("padding", [[[1, 1]], [[1], [1, 2]], "x", [1, 2, 3]], ids=str)
def test_margins_are_one_of_three_forms(padding):
    (found,) = told_of_layer({"type": "ZeroPadding2D", "padding": padding})
    assert found.startswith(
        "/model/layers/0/padding: expected an integer, or a list of two integers or of two such lists, found "
    )


def test_keys_are_those_of_the_class_that_the_place_has():
    wrong = {"type": "TimeDistributed", "layer": {"type": "Conv1D", "filters": 3, "kernel_size": 3}}
    assert told(document(wrong, MEAN, FOUR, dataset="waves")) == [
        '/model/layers/0/layer/type: expected a known type, found "Conv1D"; known: Dense'
    ]
    assert told(document(END, dataset={"type": "Dense", "name": "iris"})) == [
        "/dataset/type: expected a known key, found 'type'; known: name, seed, test_fraction"
    ]


def test_all_missing_keys_of_an_object_are_one_problem():
    example = '"name": "my network", "dataset": "iris", "model": {"layers": [...]}'
    assert told({}) == [
        f"/: expected the keys 'name', 'dataset' and 'model', found none; for example {example}"
    ]
    assert told_of_layer({"type": "Conv2D"}) == [
        "/model/layers/0: Conv2D expects the keys 'kernel_size' and 'filters', found none"
    ]


def test_problems_that_are_left_out_are_said_to_be():
    with pytest.raises(DocumentError) as caught:
        understand(document(*[{"type": "Dense", "units": "many"}] * 900, END))
    assert len(caught.value.problems) == 100
    assert caught.value.more
    assert str(caught.value).endswith("further problems were left out")
    with pytest.raises(DocumentError) as caught:
        understand(document(*[{"type": "Dense", "units": "many"}] * 100, END))
    assert not caught.value.more
    loops = [{"type": "Add", "name": f"l{i}", "inputs": ["x", "x"]} for i in range(900)]
    with pytest.raises(DocumentError) as caught:
        understand(document(*loops, END))
    assert (len(caught.value.problems), caught.value.more) == (100, True)


def test_a_value_is_found_as_it_is_written():
    assert told(document(END, training={"loss": "acc"}))[0].endswith('found "acc"')
    assert told(
        document({"type": "Dense", "units": 1}, dataset="diabetes", training={"metrics": ["acc"]})
    ) == [
        "/training/metrics/0: diabetes (regression) expects one of mean_absolute_error, mean_squared_error, "
        "root_mean_squared_error, r2_score, found 'acc'; write \"mean_absolute_error\""
    ]


def test_abbreviations_are_taken_where_they_are_documented():
    plan = understand(document(END, training={
        "loss": "mse", "metrics": ["acc"], "validation_fraction": 0.2, "early_stopping": {"monitor": "val_acc"},
    }))  # fmt: skip
    training = plan.document.training
    assert (training.loss, training.metrics) == ("mean_squared_error", ("accuracy",))
    assert training.early_stopping.monitor == "val_accuracy"


@pytest.mark.parametrize("loss", ["mse", "mean_squared_error", "mae", "keras.losses.mse"])
def test_a_loss_of_sculptml_fits_where_one_of_a_document_fits(loss):
    model = {
        "model_name": "a",
        "num_layers": 1,
        "layer_0": {"layer": "DenseLyr", "units": 3, "activation": "softmax"},
    }
    plan = understand({"model": model, "dataset": {"name": "Iris", "loss": loss}})
    assert plan.document.training.loss.startswith("mean_")
    assert not plan.notices


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("15", "write 15 without quotes"), ("10.0", "write 10 without quotes"), (10.0, "write 10"), ([10], "write 10"),
        ("ten", ""), ({}, ""), (None, ""), (True, ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_number_is_wanted(value, hint):
    (found,) = told_of_layer({"type": "Dense", "units": value})
    shown = "an empty object" if value == {} else json.dumps(value)
    assert found == f"/model/layers/0/units: expected an integer, found {shown}" + (
        f"; {hint}" if hint else ""
    )


def test_a_choice_of_numbers_is_no_choice_of_words():
    assert told(document(END, export={"minimum_ios": "15"})) == [
        '/export/minimum_ios: expected one of the integers 13, 14, 15, 16, 17, 18, 26 or 27, found "15"; '
        "write 15 without quotes"
    ]


@pytest.mark.parametrize(("fraction", "part"), [(0.999, "train on"), (0.001, "validate on")])
def test_both_parts_of_a_split_have_samples(fraction, part):
    assert told(document(END, training={"validation_fraction": fraction})) == [
        "/training/validation_fraction: iris expects a fraction that leaves at least one of its 120 training "
        f"samples to {part}, found {fraction}; use 0.009 to 0.991"
    ]


@pytest.mark.parametrize(
    ("layers", "dataset", "hint"),
    [
        ([END, {"type": "Dropout", "rate": 0.1}], "iris", "leave this Dropout out: the layer before it gives the probabilities"),
        ([{"type": "Dense", "units": 3}, {"type": "Dropout", "rate": 0.1}], "iris", 'end with {"type": "Softmax"}'),
        ([{"type": "Dense", "units": 3}], "iris", 'write "activation": "softmax"'),
        ([{**END, "activation": "sigmoid"}], "iris", 'write "activation": "softmax"; for several labels of one sample, name several columns of a table as target'),
        ([{"type": "Flatten"}, {**TEN, "activation": "sigmoid"}], "mnist", 'write "activation": "softmax"; for several labels of one sample, name several columns of a table as target'),
        ([{"type": "Dense", "units": 4, "activation": "softmax"}], "iris", 'write "units": 3'),
        ([{"type": "Dense", "units": 9}], "iris", 'write "units": 3 and "activation": "softmax"'),
        ([TEN], "diabetes", 'write "units": 1 and "activation": "linear"'),
        ([{"type": "Dense", "units": 1}], "circles", 'write "activation": "sigmoid", or end with {"type": "Dense", "units": 2, "activation": "softmax"}'),
        ([{"type": "Flatten"}, {"type": "Dense", "units": 784, "activation": "sigmoid"}], "mnist", PICTURES),
        ([{"type": "Conv2D", "filters": 1, "kernel_size": 3, "padding": "same"}], "mnist", PICTURES),
        ([{"type": "Conv2D", "filters": 5, "kernel_size": 3, "padding": "same", "activation": "softmax"}], "mnist", PICTURES),
        ([{"type": "Conv2D", "filters": 1, "kernel_size": 3}], "mnist", 'end with {"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}'),
        ([LSTM], "waves", 'end with {"type": "GlobalAveragePooling1D"}, {"type": "Dense", "units": 4, "activation": "softmax"}'),
    ],
    ids=str,
)  # fmt: skip
def test_how_a_network_ends_is_advised_for_its_last_layer(layers, dataset, hint):
    (found,) = told(document(*layers, dataset=dataset))
    assert found.partition("; ")[2] == hint


@pytest.mark.parametrize("metric", ["mean_squared_error", "root_mean_squared_error", "r2_score", "mae"])
def test_what_is_measured_can_be_monitored(metric):
    training = {"metrics": [metric], "validation_fraction": 0.1}
    for monitor in (metric, f"val_{metric}", "loss", "val_loss"):
        rule = {"early_stopping": {"monitor": monitor}}
        assert (
            told(document({"type": "Dense", "units": 1}, dataset="diabetes", training={**training, **rule}))
            == []
        )


def test_what_is_not_measured_cannot_be_monitored():
    training = {"validation_fraction": 0.1, "early_stopping": {"monitor": "val_top_k_categorical_accuracy"}}
    assert told(document(END, training=training)) == [
        "/training/early_stopping/monitor: expected one of loss, accuracy, val_loss, val_accuracy, found "
        '\'val_top_k_categorical_accuracy\'; write "metrics": ["accuracy", "top_k_categorical_accuracy"] in '
        '"training"'
    ]


def test_a_metric_that_does_not_fit_is_reported_once_and_never_offered():
    fitting = "/training/metrics/0: iris (classification) expects one of accuracy, top_k_categorical_accuracy, found"
    for monitor in ("loss", "mse", "val_mse"):
        rule = {"metrics": ["mse"], "validation_fraction": 0.1, "early_stopping": {"monitor": monitor}}
        assert told(document(END, training=rule)) == [f"{fitting} 'mse'; write \"accuracy\""]
    training = {"metrics": ["mse"], "early_stopping": {"monitor": "accuracy"}}
    assert told(document(END, training=training)) == [
        f"{fitting} 'mse'; write \"accuracy\"",
        '/training/early_stopping/monitor: expected one of loss, found \'accuracy\'; write "metrics": ["accuracy"] '
        'in "training"',
    ]


def test_a_list_has_items_and_one_item():
    doc = {"name": "test", "dataset": "iris", "model": {"layers": []}}
    assert told(doc) == ["/model/layers: expected at least 1 item, found []"]


def test_a_format_is_not_left_out_if_it_is_the_only_one():
    (found,) = told(document(END, export={"formats": ["mlpackage"], "minimum_ios": 13}))
    assert found.endswith("found 13; raise minimum_ios")


def test_tokens_take_an_embedding_that_fits_what_follows():
    embedding = '{"type": "Embedding", "input_dim": 3, "output_dim": 8}'
    recurrent = {"type": "LSTM", "units": 2}
    sigmoid = {"type": "Dense", "units": 1, "activation": "sigmoid"}
    (found,) = told(document(recurrent, sigmoid, dataset="brackets"))
    assert found.endswith(f"put {embedding} before it")
    (found,) = told(document(sigmoid, dataset="brackets"))
    assert found.endswith(f'put {embedding}, {{"type": "Flatten"}} before it')


def test_a_layer_of_unknown_name_may_be_the_one_that_is_meant():
    unnamed = {"type": "Dense", "units": 4, "nam": "a"}
    assert [line.split(":")[0] for line in told(document(unnamed, {**END, "inputs": ["a"]}))] == [
        "/model/layers/0/nam"
    ]


@pytest.mark.parametrize("kind", ["MultiHeadAttention", "Dense"])
def test_the_same_input_twice_is_written_once(kind):
    arguments = {"num_heads": 2, "key_dim": 4} if kind == "MultiHeadAttention" else {"units": 4}
    layers = {**LSTM, "name": "x"}, {"type": kind, **arguments, "inputs": ["x", "x"]}, MEAN, FOUR
    why = " for self-attention" if kind == "MultiHeadAttention" else ""
    assert told(document(*layers, dataset="waves")) == [
        f'/model/layers/1/inputs: {kind} expects one input, found 2; write ["x"]{why}'
    ]


@pytest.mark.parametrize(
    "second",
    [{"type": "Softmax"}, {"type": "Activation", "activation": "softmax"}],
    ids=lambda layer: layer["type"],
)
def test_a_second_softmax_is_warned_of(second):
    assert [n.pointer for n in understand(document(END, second)).notices] == ["/model/layers/1"]
    between = {"type": "Dropout", "rate": 0.1}
    assert [n.pointer for n in understand(document(END, between, second)).notices] == ["/model/layers/2"]
    assert not understand(document({"type": "Dense", "units": 3}, second)).notices


def test_a_softmax_of_one_value_is_warned_of():
    one = {"type": "Dense", "units": 1}
    for layers in ([{**one, "activation": "softmax"}], [one, {"type": "Softmax"}]):
        (notice,) = understand(document(*layers, dataset="diabetes")).notices
        place = f"/model/layers/{len(layers) - 1}"
        assert str(notice) == f"{place}: a softmax of one value: its output is 1 for every input"


KERAS = {
    "class_name": "Sequential",
    "config": {"layers": [{"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}}]},
    "keras_version": "3.0",
}


@pytest.mark.parametrize("doc", [KERAS, {**document(), "model": KERAS}], ids=["alone", "as the model"])
def test_a_model_of_keras_is_one_problem(doc):
    (found,) = told(doc)
    assert "found a model as Keras' to_json() writes it" in found
    assert '"layers"' in found


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        ({"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "relu", "trainable": True,
          "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}}}},
         'write {"type": "Dense", "units": 3, "activation": "relu", "kernel_regularizer": {"l2": 0.1}}'),
        ({"class_name": "Lambda", "config": {}}, 'write the class as "type", and the keys of "config" beside it'),
        ({"class_name": "InputLayer", "config": {}}, "leave this layer out: the dataset gives the shape of the input"),
        ({"type": "InputLayer", "batch_shape": [None, 4]}, "leave this layer out: the dataset gives the shape of the input"),
        ({"type": "Dense", "units": 3, "input_shape": [4]}, "leave it out: the dataset gives the shape of the input"),
        ({"type": "MaxPool2D"}, "did you mean 'MaxPooling2D'?"),
        ({"type": "Swish"}, 'write {"type": "Activation", "activation": "silu"}'),
        ({"type": "MaxPooling", "pool_size": 2}, "did you mean 'MaxPooling2D' or 'MaxPooling1D'?"),
        ({"type": "Dense", "units": 3, "activation": "swish"}, "did you mean 'silu'?"),
        ({"type": "Dense", "units": 3, "activation": None}, 'write "linear"'),
        ({"type": "Dense", "units": 3, "kernel_regularizer": "l2"}, 'write {"l2": 0.01}'),
        ({"type": "Dense", "units": 3, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}}},
         'write {"l2": 0.1} instead'),
        ({"type": "Dense", "units": 3, "kernel_initializer": {"class_name": "HeNormal", "config": {}}}, 'write "he_normal"'),
        ({"type": "Dense", "units": 3, "bias_regularizer": None}, "QuickML does not have it: leave it out"),
        ({"type": "LeakyReLU", "alpha": 0.2}, "did you mean 'negative_slope'?"),
        ({"type": "Dense", "units": 3, "use_bias": "True"}, "write true without quotes"),
        ({"type": "Dropout", "rate": 25}, "write 0.25 for 25 %"),
        ("Flatten", 'write {"type": "Flatten"}'),
        ({"layer": "Dense", "units": 3}, 'write "type": "Dense" instead of "layer": "Dense"'),
        ({"tpye": "dense", "units": 3}, 'write "type": "Dense" instead of "tpye": "dense"'),
        ({"layer": "dense", "units": 3}, 'write "type": "Dense" instead of "layer": "dense"'),
        ({"type": "Dense", "units": 3, "activation": {"type": "relu"}}, 'write "relu"'),
    ],
    ids=str,
)  # fmt: skip
def test_a_layer_in_the_spelling_of_keras(layer, hint):
    assert told_of_layer(layer)[0].partition("; ")[2] == hint


@pytest.mark.parametrize(
    ("others", "hint"),
    [
        ({"epochs": 3}, 'it belongs in "training"'),
        ({"optimizer": "sgd"}, 'it belongs in "training"'),
        ({"loss": "mse"}, 'it belongs in "training"'),
        ({"layers": [END]}, 'it belongs in "model"'),
        ({"formats": ["mlmodel"]}, 'it belongs in "export"'),
        ({"validation_split": 0.2}, 'it belongs in "training", as "validation_fraction"'),
        ({"lr": 0.1}, 'write "optimizer": {"type": "Adam", "learning_rate": 0.1} in "training"'),
        ({"training": {"optimizer": "sgd", "learning_rate": 0.1}},
         'write "optimizer": {"type": "sgd", "learning_rate": 0.1} in "training"'),
        ({"training": {"optimizer": {"type": "SGD", "lr": 0.1}}}, "did you mean 'learning_rate'?"),
        ({"training": {"patience": 3}}, 'write "early_stopping": {"monitor": "loss", "patience": 3} in "training"'),
        ({"test_fraction": 0.3}, 'write "dataset": {"name": "iris", "test_fraction": 0.3}'),
        ({"training": {"verbose": 1}}, "QuickML does not have it: leave it out"),
        ({"training": {"metrics": "accuracy"}}, 'write ["accuracy"]'),
        ({"training": {"learning_rate_schedule": "CosineDecay"}}, 'write {"type": "CosineDecay"}'),
        ({"export": {"precision": "float16", "weights": "int8"}}, "leave one of them out"),
        ({"optimiser": "adam"}, 'it belongs in "training", as "optimizer"'),
        ({"training": {"optimizer": {"class_name": "Adam", "config": {"lr": 0.1, "decay": 0.0}}}},
         'write {"type": "Adam", "learning_rate": 0.1}'),
    ],
    ids=str,
)  # fmt: skip
def test_a_key_in_the_wrong_place_or_spelling(others, hint):
    doc = document(END, **others)
    if "layers" in others:
        del doc["model"]
    assert hint in [line.partition("; ")[2] for line in told(doc)]


@pytest.mark.parametrize("key", ["type", "dataset", "id"])
def test_a_dataset_is_named_by_its_name(key):
    (found,) = told(document(END, dataset={key: "iris"}))
    assert found.endswith(f'; write "name": "iris" instead of "{key}": "iris"')


@pytest.mark.parametrize(
    "dataset", ["csv", "my.csv", "data/flowers.csv", {"csv": "my.csv"}, {"name": "csv", "path": "a"}], ids=str
)
def test_files_as_datasets_say_what_is_possible(dataset):
    assert told(document(END, dataset=dataset))[0].endswith(f"; {OWN_DATA}")


def test_the_end_of_a_network_is_one_problem_of_a_file_that_a_phone_trains():
    doc = document(
        {"type": "Dense", "units": 1, "activation": "softmax"}, export={"updatable": {"layers": ["dense"]}}
    )
    assert told(doc) == [
        '/model/layers/0: iris (3 classes) expects an output of (3,), found (1,); write "units": 3'
    ]


@pytest.mark.parametrize(
    ("target", "is_told"), [("input", True), ("Images", True), ("label", False), (3, False)]
)
def test_pictures_as_targets_are_not_offered_yet(target, is_told):
    found = told(document(TEN, dataset={"name": "mnist", "target": target}))[0]
    assert found.endswith(PICTURES) == is_told


# ----------------------------------------------------------------------------------------- class weights


def weighted(weights, dataset="iris", end=END, **others):
    return document(end, dataset=dataset, training={"class_weight": weights}, **others)


@pytest.mark.parametrize(
    ("weights", "place", "words"),
    [
        ({"Setosa": 2}, "/Setosa", "iris expects a label of the dataset (setosa, versicolor, virginica), found 'Setosa'; did you mean 'setosa'?"),
        ({"virginica ": 2}, "/virginica ", "iris expects a label of the dataset (setosa, versicolor, virginica), found 'virginica '; did you mean 'virginica'?"),
        ({"1": 2}, "/1", "iris expects a label of the dataset (setosa, versicolor, virginica), found '1'; did you mean 'versicolor'?"),
        ({"3": 2}, "/3", "iris expects a label of the dataset (setosa, versicolor, virginica), found '3'"),
        ({"a/b": 2}, "/a~1b", "iris expects a label of the dataset (setosa, versicolor, virginica), found 'a/b'"),
        ({"setosa": 0}, "/setosa", "expected a number above 0.0, found 0"),
        ({"setosa": "2"}, "/setosa", 'expected a number, found "2"; write 2 without quotes'),
        ({"setosa": 2e6}, "/setosa", "expected a number of at most 1000000.0, found 2000000.0"),
        ({}, "", "expected at least 1 item, found an empty object"),
        ("balance", "", "expected 'balanced', or an object with a weight for each label, found \"balance\"; did you mean 'balanced'?"),
        ([1, 2, 3], "", "expected 'balanced', or an object with a weight for each label, found [1, 2, 3]"),
    ],
    ids=str,
)  # fmt: skip
def test_a_class_weight_is_for_a_label(weights, place, words):
    assert told(weighted(weights)) == [f"/training/class_weight{place}: {words}"]


def test_a_label_is_corrected_by_its_fix():
    doc = weighted({"Setosa": 2, "virginica": 1.5})
    with pytest.raises(DocumentError) as raised:
        understand(doc)
    (problem,) = raised.value.problems
    assert applied(doc, problem.fix)["training"]["class_weight"] == {"setosa": 2, "virginica": 1.5}


def test_a_regression_has_no_class_weights():
    doc = weighted("balanced", "diabetes", {"type": "Dense", "units": 1})
    assert told(doc) == [
        "/training/class_weight: diabetes (regression) expects no class weights, because a regression has no"
        " classes, found some; leave it out"
    ]


def test_labels_without_a_weight_and_training_on_the_phone_are_told():
    plan = understand(weighted({"setosa": 2}))
    assert [str(notice) for notice in plan.notices] == [
        "/training/class_weight: labels without a weight count once: versicolor, virginica"
    ]
    plan = understand(weighted("balanced", export={"updatable": {}}))
    assert "on the phone, Core ML counts all samples once" in str(plan.notices[-1])
    assert not understand(weighted("balanced")).notices
