"""The packages of TensorFlow's public names, in a version that lacks some."""

import sys
from types import ModuleType

from quickml.training.lazy_api import lazy_api


def test_a_version_without_some_packages_can_be_imported(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with lazy_api():
        monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
