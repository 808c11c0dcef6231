"""A worker that trains nothing: the real process, channel, loop and stores, with this in place of the pipeline.

    fake_worker.py EPOCH_S OPTIONS CHANNEL

What an attempt does is said by the document's name.
"""

import json
import os
import signal
import sys
import time

START_FAILURE = "start fails"


def documented(name):
    return {
        "name": name,
        "dataset": "iris",
        "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    }


class Fake:
    def __init__(self, epoch_s):
        self.epoch_s = epoch_s
        self.kept = []
        self.gpu_memory_bytes = None

    def warm(self):
        if self.epoch_s < 0:
            sys.exit(START_FAILURE)

    def use_gpu(self, memory_bytes):
        self.gpu_memory_bytes = memory_bytes

    def failure(self, error):
        from quickml import pipeline

        return pipeline.failure(error)

    def run(self, plan, folder, *, stop, checkpoints, frames, catalog):
        checkpoint = checkpoints.path
        from quickml import events
        from quickml.testing import executor
        from result_rows import rows

        yield executor.STARTED
        yield executor.BUILT
        self.misbehave(plan.document.name, checkpoint, checkpoints)
        done = int(checkpoint.read_text().split()[0]) if checkpoint.exists() else 0
        try:
            while done < executor.EPOCHS and not stop():
                until = time.monotonic() + self.epoch_s
                step = 0
                while time.monotonic() < until and not stop():
                    time.sleep(0.01)
                    step += 1
                    yield events.Progress(
                        epoch=done + 1, epochs=3, step=step, steps=10**6, samples_per_second=1.0, metrics={}
                    )
                done += 1
                yield executor.epoch_ended(done)
        except GeneratorExit:
            self.keep(checkpoints, done)
            raise
        yield executor.trained(done, "asked" if stop() else None)
        yield executor.COMPILED
        package = folder / "model.mlpackage" / "Data"
        package.mkdir(parents=True)
        (package / "weights.bin").write_bytes(b"w")
        (folder / "model.mlmodel").write_bytes(plan.document.name.encode())
        (folder / "report.json").write_text("{}")
        yield executor.VERIFIED.model_copy(update={"folder": str(folder), "files": rows(folder)})

    @staticmethod
    def keep(checkpoints, done):
        checkpoints.path.write_text(f"{done} {checkpoints.label}")
        checkpoints.after()

    def misbehave(self, name, checkpoint, checkpoints):
        from quickml.errors import DatasetError, ResultError

        match name:
            case "what it has":
                found = {"visible": os.environ.get("CUDA_VISIBLE_DEVICES"), "memory": self.gpu_memory_bytes}
                (checkpoint.parents[3] / "found.json").write_text(json.dumps(found))
            case "exit":
                print("these are its last words", file=sys.stderr, flush=True)
                os._exit(7)
            case "exit once":
                if not checkpoint.exists():
                    self.keep(checkpoints, 2)
                    os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "bug":
                raise ZeroDivisionError("nobody thought of it")
            case "no data":
                raise DatasetError("the data is gone")
            case "disk":
                raise ResultError("/srv/secret: no space")
            case "break the artifacts":
                artifacts = checkpoint.parents[3] / "artifacts"
                if artifacts.is_dir():
                    artifacts.rename(artifacts.with_name("aside"))
                    artifacts.write_text("in its place")
            case "full disk for a while":
                import resource
                import threading

                before = resource.getrlimit(resource.RLIMIT_FSIZE)
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
                threading.Timer(3.0, resource.setrlimit, (resource.RLIMIT_FSIZE, before)).start()
            case "freeze":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "freeze once":
                if not checkpoint.exists():
                    self.keep(checkpoints, 0)
                    os.kill(os.getpid(), signal.SIGSTOP)
            case "hog":
                self.kept = bytearray(os.urandom(1)) * 300_000_000
            case "child":
                import subprocess

                process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
                (checkpoint.parent / "pid").write_text(str(process.pid))
                (checkpoint.parent / "pid").replace(checkpoint.parents[3] / "pid")


if __name__ == "__main__":
    import socket

    from quickml.worker import options, process
    from quickml.worker.channel import Channel
    from quickml.worker.loop import Loop

    process.harden_process()
    Loop(
        Channel(socket.socket(fileno=int(sys.argv[3]))),
        options.from_json(sys.argv[2]),
        work=Fake(float(sys.argv[1])),
        at_end=process.end_group,
    ).serve()
