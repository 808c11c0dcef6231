"""Ready jobs whose files have random weights, and requests to them."""

import shutil

from job_examples import to_verifying, verified
from quickml import results
from quickml.worker.upload import upload
from result_rows import rows

IMAGES = {
    "name": "digits",
    "dataset": "digits",
    "model": {
        "layers": [
            {"type": "Conv2D", "filters": 2, "kernel_size": 3, "name": "conv", "activation": "relu"},
            {"type": "Flatten"},
            {"type": "Dropout", "rate": 0.5},
            {"type": "Dense", "units": 10, "activation": "softmax", "name": "last"},
        ]
    },
}
BINARY = {
    "name": "moons",
    "dataset": "moons",
    "model": {"layers": [{"type": "Dense", "units": 1, "activation": "sigmoid", "name": "last"}]},
}
REGRESSION = {
    "name": "diabetes",
    "dataset": "diabetes",
    "model": {"layers": [{"type": "Dense", "units": 1, "name": "last"}]},
}


VARIANT = "model-float16.mlmodel"


def ready(server, document, kind, folder, *, with_variant=False):
    """A ready job whose file (or files) have random weights, and Keras' answers for the same inputs."""
    from quickml.document import understand
    from quickml.export.coreml.package import write
    from untrained import untrained

    job_id = server.submit(document)
    attempt = server.store.claim()
    trained = untrained(understand(document))
    folder.mkdir()
    for one in (kind,) if isinstance(kind, str) else kind:
        write(trained, one, folder)
    if with_variant:
        (folder / results.VARIANTS).mkdir()
        write(trained, "mlmodel", folder / results.VARIANTS, half=True).rename(
            folder / results.VARIANTS / VARIANT
        )
    files = upload(folder, rows(folder), job_id, server.artifacts)
    to_verifying(server.store, attempt)
    server.store.complete(attempt, files, verified())
    shutil.rmtree(folder)
    return job_id, trained.probe


def ask(server, job_id, inputs, **more):
    return server.post({"inputs": inputs, **more}, path=f"/v1/jobs/{job_id}/predictions")
