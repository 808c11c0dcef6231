"""The source of the page: what its files say about packages."""

import json
import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"


def packages():
    manifest = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    return {**manifest["dependencies"], **manifest["devDependencies"]}


def test_every_package_is_pinned():
    assert [
        f"{name} {version}"
        for name, version in packages().items()
        if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    ] == []


def test_the_lock_file_names_no_registry():
    """npm then takes packages from where it is told to, and checks their digests."""
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    locked = {path: package for path, package in lock["packages"].items() if path}
    assert [path for path, package in locked.items() if "resolved" in package] == []
    assert [
        path for path, package in locked.items() if not package.get("integrity", "").startswith("sha512-")
    ] == []
    hosts = re.findall(r'"(\w+)": "(?:git\+)?\w+://', json.dumps(lock))
    assert set(hosts) <= {"url"}, "addresses of sponsors only"
    for name, version in packages().items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_the_page_needs_no_other_host_and_no_code_in_its_markup():
    html = (WEB / "index.html").read_text(encoding="utf-8")
    assert "://" not in html
    assert not re.search(r"\bstyle=|<style|\bon\w+=|<script(?![^>]*\bsrc=)", html)
