"""Does what the hint of a problem says, to a copy of the document: tests hold every hint against its document.

A hint that advises something and is not known here is an error, so that no hint goes untested.
"""

import json
import re
from copy import deepcopy

INFORMATION = re.compile(
    r"known: .*|for example .*|earlier layers: .*|there are .*|0 is the batch|an earlier layer has this name|one more than boundaries"
    r"|this name is reserved for the model's input|only the last layer may have an unused output|the line reads .*"
    r"|QuickML does not have Keras' .*|write .* for a table of your own, see .*"
    r"|the layer before gives .*|it is self-attention: .*|Core ML goes back through .*|add a Dense|use smaller layers"
    r"|networks that answer with pictures .*|an LSTM with its default activations takes more; .*|make this layer or its input smaller"
)
"""Hints that explain, and those that leave open what exactly to write."""
CAUSES = r"(?:one answer for all steps: )?"
REASONS = r"(?:: .*|; for several labels of one sample, name several columns of a table as target|; probabilities of a softmax exclude each other| for self-attention| for [\d.e+-]+ %)?"


class Document:
    """A document, and the place that a problem points to."""

    def __init__(self, document, pointer):
        self.whole = deepcopy(document)
        self.steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        model = self.whole.get("model")
        self.layers = model.get("layers") if isinstance(model, dict) else None
        self.index = int(self.steps[2]) if self.steps[:2] == ["model", "layers"] and self.steps[2:] else None

    def at(self, steps):
        here = self.whole
        for step in steps:
            here = here[int(step) if isinstance(here, list) else step]
        return here

    def put(self, value, steps=None):
        *before, last = self.steps if steps is None else steps
        holder = self.at(before)
        if isinstance(holder, str):  # a name that stands for an object
            return self.put(value, before)
        holder[int(last) if isinstance(holder, list) else last] = value
        return None

    def drop(self, steps=None):
        *before, last = self.steps if steps is None else steps
        holder = self.at(before)
        return holder.pop(int(last) if isinstance(holder, list) else last)

    def section(self, name):
        return self.whole.setdefault(name, {})


def advised(document, problem):
    """A copy of the document for each way in which the hint of a problem can be followed."""
    copies = []
    for way in _ways(problem.hint):
        copy = Document(document, problem.pointer)
        _follow(copy, way, problem)
        copies.append(copy.whole)
    return copies


def _ways(hint):
    """The alternatives of a hint."""
    hint = re.sub(CAUSES, "", hint, count=1)
    if not hint or INFORMATION.fullmatch(hint):
        return []
    asked = re.fullmatch(r"did you mean (.*)\?", hint)
    if asked:
        return [("rename", name[1:-1]) for name in asked[1].split(" or ")]
    bounds = re.fullmatch(r"use ([\d.]+) to ([\d.]+)", hint)
    if bounds:
        return [("write", bound) for bound in bounds.groups()]
    return [("do", way) for way in re.split(r",? or (?=[a-z])", hint) if way != "smaller layers"]


def _follow(copy, way, problem):
    kind, text = way
    if kind == "rename":
        if problem.expected == "a known key":
            copy.put(copy.drop(), [*copy.steps[:-1], text])
        else:
            copy.put(text)
        return
    if kind == "write":
        copy.put(json.loads(text))
        return
    for pattern, action in ACTIONS.items():
        match = re.fullmatch(pattern, text)
        if match:
            action(copy, problem, *match.groups())
            return
    raise AssertionError(f"a hint that no test follows: {text!r} of {problem}")


def _write(copy, problem, text):
    copy.put(json.loads(text))


def _write_keys(copy, problem, text, section):
    pairs = json.loads("{" + text.replace(" and ", ", ") + "}")
    if problem.expected == "a known key":
        copy.drop()
        target = copy.section(section) if section else copy.whole
    else:
        target = copy.section(section) if section else copy.at(copy.steps)
    target.update(pairs)


def _instead(copy, problem, text):
    copy.put(json.loads(text), copy.steps[:-1])


def _instead_of_key(copy, problem, text):
    copy.drop()
    copy.at(copy.steps[:-1]).update(json.loads("{" + text + "}"))


def _rename_key(copy, problem, new, old):
    (key,) = json.loads("{" + old + "}")
    here = copy.at(copy.steps)
    del here[key]
    here.update(json.loads("{" + new + "}"))


def _end_with(copy, problem, layers):
    copy.layers.extend(json.loads(f"[{layers}]"))


def _put_before(copy, problem, layers):
    copy.layers[copy.index : copy.index] = json.loads(f"[{layers}]")


def _belongs(copy, problem, section, key):
    copy.section(section)[key or copy.steps[-1]] = copy.drop()


def _format_out(copy, problem, kind):
    export = copy.section("export")
    export["formats"] = [name for name in export.get("formats", ["mlmodel", "mlpackage"]) if name != kind]


def _recurrent(copy, problem, value):
    behind = value == "true"
    layers = copy.layers[: copy.index] if behind else copy.layers
    layer = next(
        layer for layer in reversed(layers) if layer["type"] in ("LSTM", "GRU", "SimpleRNN", "Bidirectional")
    )
    layer.get("layer", layer)["return_sequences"] = behind


def _merge(copy, problem, first, second):
    layer = copy.layers[copy.index]
    copy.layers.insert(copy.index, {"type": first, "name": "merged", "inputs": layer["inputs"]})
    layer["inputs"] = ["merged"]


def _move(copy, problem, name, other):
    names = [layer.get("name") for layer in copy.layers]
    layer = copy.layers.pop(names.index(name))
    copy.layers.insert(names.index(other), layer)


JSON = r"(\{.*\}|\[.*\]|\".*\"|[\w.+-]+)"
PAIR = r"\"\w+\": (?:\{.*\}|\[.*\]|\"\w+\"|[\w.+-]+)"
ACTIONS = {
    rf"write ({PAIR}(?: and {PAIR})*)(?: in \"(\w+)\")?{REASONS}": _write_keys,
    rf"write ({PAIR}) instead of ({PAIR})": _rename_key,
    rf"write ({PAIR}) instead": _instead_of_key,
    rf"write {JSON} instead": _instead,
    r'write \{"layers": \[\.\.\.\]\}': lambda copy, _: copy.put({"layers": copy.at(copy.steps)}),
    rf"write {JSON}(?: without quotes)?{REASONS}": _write,
    r'write its keys beside "type", without "\w+"': lambda copy, _: copy.at(copy.steps[:-1]).update(
        copy.drop()
    ),
    r"leave (?:this \w+|this layer) out: .*": lambda copy, _: copy.layers.pop(copy.index),
    r"(?:QuickML does not have it: )?leave it out(?:: .*| for the default)?": lambda copy, _: copy.drop(),
    r"it can be left out": lambda copy, _: copy.drop(),
    r"leave one of them out": lambda copy, _: copy.drop(),
    r"leave updatable out of export": lambda copy, _: copy.drop(["export", "updatable"]),
    r"leave (\w+) out of formats": _format_out,
    r"raise minimum_ios": lambda copy, problem: copy.put(int(re.search(r"iOS (\d+)", problem.expected)[1])),
    r'it belongs in "(\w+)"(?:, as "(\w+)")?': _belongs,
    r"end with (.*)": _end_with,
    r"put (\{.*\}) before it": _put_before,
    r"put a Flatten before it": lambda copy, problem: _put_before(copy, problem, '{"type": "Flatten"}'),
    r"put a Reshape to \(steps, features\) before it": lambda copy, problem: _put_before(
        copy, problem, '{"type": "Reshape", "target_shape": [-1, 1]}'
    ),
    r"put a Reshape to \(height, width, channels\) before it": lambda copy, problem: _put_before(
        copy, problem, '{"type": "Reshape", "target_shape": [-1, 1, 1]}'
    ),
    r'(?:, )?behind a recurrent layer, set its "return_sequences" to (true)': _recurrent,
    r'set "return_sequences" to (false) in the last recurrent layer': _recurrent,
    r'add "validation_fraction": 0\.1 to training': lambda copy, _: copy.section("training").update(
        validation_fraction=0.1
    ),
    r'monitor "loss"': lambda copy, _: copy.put("loss"),
    r"make it smaller": lambda copy, _: copy.put(1),
    r'use the padding "same"': lambda copy, _: copy.put("same", [*copy.steps[:-1], "padding"]),
    r"merge them first, for example with (\w+) or (\w+)": _merge,
    r"layers run in the order of the list: move '(\w+)' after '(\w+)'": _move,
    r"use a batch_size of at most (\d+)": lambda copy, _, size: copy.section("training").update(
        batch_size=int(size)
    ),
    r"\w+ is possible in (.*)": lambda copy, _, kinds: copy.section("export").update(
        formats=kinds.split(", ")
    ),
}
"""What the hints of documents advise, by pattern."""
