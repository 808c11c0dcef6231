"""Pages of films."""

import pytest

from films import Changes, record, reel, same
from quickml import Film
from quickml.errors import FilmError
from quickml.film.pages import LooseFilm, loosened


def test_the_frames_of_a_film_stand_alone_as_they_were_recorded():
    changes = Changes()
    made = reel(changes)
    record(made, range(600))
    loose = loosened(made.to_bytes())
    assert loose.head == changes.made.head
    assert loose.bodies == changes.made.added  # byte for byte what a sink was given
    assert all(map(same, Film.read(loose.to_bytes()).frames, Film.read(made.to_bytes()).frames))


def test_a_page_begins_behind_a_number():
    loose = LooseFilm(head=b"head", bodies={number: bytes(number) for number in (0, 3, 6, 9)})
    assert list(loose.after(-1, 2, 99).bodies) == [0, 3]
    assert list(loose.after(3, 64, 99).bodies) == [6, 9]
    assert [list(loose.after(0, 64, most_bytes).bodies) for most_bytes in (3, 4, 9)] == [[3], [3, 6], [3, 6]]
    assert loose.after(9, 64, 99) == LooseFilm(head=b"head", bodies={})
    assert (loose.size_bytes, loose.after(9, 64, 99).size_bytes) == (22, 4)


@pytest.mark.parametrize("cut", [3, 200, -1])
def test_a_damaged_film_has_no_pages(cut):
    made = reel()
    record(made, range(9))
    with pytest.raises(FilmError):
        loosened(made.to_bytes()[:cut])
