"""A stand-in for NVIDIA's driver: a program that lists GPUs, and a TensorFlow that was built for them."""

import sys

UUIDS = ("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "GPU-1b2c3d4e-0000-4106-c12f-20bd9faed9f7")
LISTING = f"""0, {UUIDS[0]}, NVIDIA A10G, 23028
1, {UUIDS[1]}, "Tesla T4, 16GB", 15360
"""


def driver(folder, monkeypatch, listing=LISTING, code=0):
    """Put a `nvidia-smi` into the path that prints `listing`; its command lines are in the file returned."""
    folder.mkdir(exist_ok=True)
    program, asked = folder / "nvidia-smi", folder / "asked"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(asked)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"print({listing!r}, end='')\nsys.exit({code})\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return asked


def built_for_cuda(folder, monkeypatch, is_so=True):
    """Let an import of TensorFlow find one that was built with CUDA, or without; it cannot be loaded."""
    package = folder / "tensorflow"
    build = package / "python" / "platform" / "build_info.py"
    build.parent.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("raise AssertionError('TensorFlow was loaded')")
    build.write_text(f"build_info = collections.OrderedDict([('is_cuda_build', {is_so}), ('x', False)])")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)  # the real one, of another test
    monkeypatch.syspath_prepend(folder)
