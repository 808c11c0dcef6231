from quickml.document import understand
from quickml.training.film.network import FilmedNetwork


def network(layers):
    document = {"name": "t", "dataset": "moons", "model": {"layers": layers}, "training": {"epochs": 1}}
    return FilmedNetwork(understand(document))


def test_hidden_layers_are_those_that_a_layer_with_weights_follows():
    found = network([
        {"type": "Dense", "units": 4, "name": "a"},
        {"type": "Dense", "units": 4, "name": "b", "inputs": ["input"]},
        {"type": "Add", "name": "sum", "inputs": ["a", "b"]},
        {"type": "Dense", "units": 2, "name": "c"},
        {"type": "Softmax"},
    ])  # fmt: skip
    assert [node.name for node in found.hidden()] == ["a", "b"]


def test_networks_with_very_many_paths_are_read_layer_by_layer():
    layers, last = [{"type": "Dense", "units": 2, "name": "sum0"}], "sum0"
    for block in range(1, 200):  # each doubles the number of paths
        layers += [
            {"type": "Activation", "activation": "tanh", "name": f"tanh{block}", "inputs": [last]},
            {"type": "Add", "name": f"sum{block}", "inputs": [last, f"tanh{block}"]},
        ]
        last = f"sum{block}"
    assert network([*layers, {"type": "Softmax"}]).hidden() == []
