"""The reference of the binary format of predictions and explanations."""

from generator import NOTE
from quickml.api.arrays import MAGIC, MEDIA_TYPE
from quickml.http.routes.predictions import MOST
from quickml.service.predictions import VECTOR_VALUES_PER_MAP

FORMAT = f"""`POST /v1/jobs/{{job_id}}/predictions` and `POST /v1/jobs/{{job_id}}/explanations` respond with
arrays of bytes instead of JSON if the request has `Accept: {MEDIA_TYPE}`. With all layers of an MNIST
network, a prediction is then about 25 KB instead of 700 KB. [The HTTP API](http.md) describes the routes.

## A message

| bytes | content |
| --- | --- |
| 8 | `QMLARRY` and the byte {MAGIC[-1]}, the version of the format |
| 4 | length of the header in bytes, an unsigned integer, little-endian |
| length | the header, JSON in UTF-8 |
| the rest | the body: arrays of unsigned bytes, one after the other |

The header describes each array in the body with an object:

| key | meaning |
| --- | --- |
| `shape` | shape of the array, which is in row-major order: the last axis varies fastest |
| `start` | its first byte, counted from the beginning of the body |
| `scale`, `offset` | a value is `offset + scale * byte`, with an error of at most `scale / 2` |

Values that are not finite are sent as the nearest one that is.

## Predictions

| key of the header | meaning |
| --- | --- |
| `kind` | `"predictions"` |
| `file` | `name`, `sha256` and `size_bytes` of the file that has answered |
| `predictions` | one object for each input |

A prediction has `label`, `probabilities` and `values` as in the JSON response, with the same numbers, and
`activations`: by name, an array for each layer that was asked for. The shape is (height, width, channels) for
images. An array also has `units`, the size of the layer's last axis: of a layer with more than `most` maps
(by default {MOST}) the first ones are sent. Of a sequence, these are the first units of each step. Of a
vector, the first {VECTOR_VALUES_PER_MAP} x `most` values are sent.

The response header `Server-Timing: run;dur=1.284, total;dur=2.106`, which the JSON response has too, has two
times in milliseconds. `run` is how long the file was run, with all of its layers shown. `total` is how long
the server took from the head of the request to the beginning of the response: it includes receiving the body,
waiting for other requests of the same owner, `run`, and encoding. It does not include the network.

## Explanations

The header has `kind`, which is `"explanation"`, and what the JSON response has: `file`, `part`, `size`,
`starts`, `baseline`, `values` and `labels`. `maps` has an array for each output, in the order of `values`.
Its shape is (rows, columns) of patches, or the number of features, windows or tokens. A value is the output
when nothing is hidden minus the output when this part is. It is positive where the part speaks for the
label.
"""

REQUEST = """## Requests

The body of a request is either JSON, or the bytes of one sample with the Content-Type
`application/octet-stream`: as many bytes as the input has numbers (uint8), or four times as many (float32,
little-endian), in row-major order. Options are parameters of the address.

```text
POST /v1/jobs/job_.../predictions?activations=*&most=8&file=model.mlmodel
```

`activations` is repeated for several layers; `*` means all. `file` is the name of a Core ML file in the job's
manifest, or of a variant that compression has tried. Two requests compare two files.
"""

READERS = """## Readers

In Python, `Client.predict` and `Client.explain` return numpy arrays. In a browser:

```js
async function ask(job, pixels) {  // pixels: a Uint8Array
  const response = await fetch(`/v1/jobs/${job}/predictions?activations=*`, {
    method: "POST",
    headers: {"Accept": "application/octet-stream", "Content-Type": "application/octet-stream"},
    body: pixels,
  });
  const message = await response.arrayBuffer();
  const length = new DataView(message).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 12, length)));
  const [found] = header.predictions;
  for (const layer of Object.values(found.activations)) {
    const size = layer.shape.reduce((product, side) => product * side, 1);
    layer.bytes = new Uint8Array(message, 12 + length + layer.start, size);
    layer.value = (index) => layer.offset + layer.scale * layer.bytes[index];
  }
  return found;
}
```
"""


def page() -> str:
    """docs/reference/arrays.md."""
    return "\n\n".join([NOTE, "# Arrays", FORMAT.strip(), REQUEST.strip(), READERS.strip()]) + "\n"
