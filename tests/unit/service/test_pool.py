"""Loaded models: bounded in memory, loaded once, and fair between owners."""

import random
import threading

import pytest

from quickml.service.pool import BUSY_S, MAX_UNUSED, ModelPool


class Pool:
    """A pool whose models are their own keys, with a clock that stands still."""

    def __init__(self, max_bytes=100):
        self.now, self.loads = 0.0, []
        self.pool = ModelPool(max_bytes, lambda: self.now)

    def ask(self, key, owner="ada", size=10, **more):
        def load():
            self.loads.append(key)
            return key, size

        assert self.pool.get(key, owner, load, **more) == key
        assert self.pool.size_bytes <= 100 or len(self.pool) == 1

    def hits(self, key, owner="ada", **more):
        before = len(self.loads)
        self.ask(key, owner, **more)
        return len(self.loads) == before


def test_memory_is_bounded_whatever_is_asked():
    chosen, pool = random.Random(1), Pool()
    for _ in range(2000):
        pool.now += chosen.choice((0, 1, 10))
        size = chosen.choice((1, 20, 60, 200))
        pool.ask((size, chosen.randrange(6)), chosen.choice("abc"), size, in_advance=chosen.random() < 0.2)


def test_of_models_that_rest_the_least_recently_used_goes():
    pool = Pool()
    for key in range(10):
        pool.ask(key)
    pool.now += BUSY_S + 1
    pool.ask(0)
    pool.ask("new")
    assert pool.hits(0)
    assert not pool.hits(1)


def test_clients_in_turn_do_not_evict_each_other_forever():
    pool = Pool()
    for _ in range(50):
        for key in range(13):  # three more than there is room for
            pool.now += 0.01
            pool.ask(key)
    found = [pool.hits(key) for key in range(13)]
    assert sum(found) == 9


def test_an_owner_with_many_models_gives_up_its_own():
    pool = Pool()
    pool.ask("bob's", "bob")
    for key in range(50):
        pool.now += BUSY_S + 1
        pool.ask(key)
    assert pool.hits("bob's", "bob")


def test_models_that_nobody_has_asked_are_few_and_go_first():
    pool = Pool(1000)
    for key in range(MAX_UNUSED + 5):
        pool.ask(key, in_advance=True)
    assert len(pool.pool) == MAX_UNUSED
    pool = Pool()
    for key in range(9):
        pool.ask(key)
    pool.ask("advance", "bob", in_advance=True)
    pool.ask("new")
    assert all(pool.hits(key) for key in (*range(9), "new"))
    assert not pool.hits("advance")


def test_a_model_is_loaded_once_for_several_threads():
    pool, gate, loads = ModelPool(100), threading.Event(), []

    def load():
        loads.append(1)
        gate.wait(60)
        return "model", 1

    threads = [threading.Thread(target=pool.get, args=("key", owner, load)) for owner in "abcde"]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert loads == [1]


def test_a_load_that_fails_is_tried_again():
    pool = ModelPool(100)
    with pytest.raises(ZeroDivisionError):
        pool.get("key", "ada", lambda: 1 / 0)
    assert pool.get("key", "ada", lambda: ("model", 1)) == "model"
