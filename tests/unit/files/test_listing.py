import shutil

from quickml.files.listing import matching


def made(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_it_finds_what_a_path_finds(tmp_path):
    made(tmp_path, "a/1", "a/.2", ".b/3", "c/d/4", "5", "[x]/6")
    for pattern in ("*/*", "[!.]*/*", "[!.]*", "*/d/4", ".*", "*/*/*", "[ac]/*", "none/*"):
        assert sorted(matching(tmp_path, pattern)) == sorted(tmp_path.glob(pattern)), pattern
    assert [*matching(tmp_path / "[x]", "*")] == [tmp_path / "[x]" / "6"]
    assert [*matching(tmp_path / "none", "*/*")] == []


def test_a_folder_that_is_removed_meanwhile_has_nothing(tmp_path):
    made(tmp_path, "a/1", "b/2")
    found = matching(tmp_path, "*/*")
    first = next(found)
    for one in {tmp_path / "a", tmp_path / "b"} - {first.parent}:
        shutil.rmtree(one)
    assert [*found] == []
