"""Tokens: they let in whom they should, and nobody else, on every database."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from job_examples import DATABASES, Clock, opened
from quickml.errors import OwnerError, TokenError
from quickml.jobs.tokens import TokenStore, hash_of


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DATABASES)
def store(request, tmp_path, clock):
    database = opened(tmp_path / "quickml.db", request.param)
    yield TokenStore(database, clock)
    database.close()


def test_a_secret_is_its_owners(store, clock):
    token, secret = store.create("ada")
    assert (token.owner, token.created_at, token.revoked_at) == ("ada", clock.time, None)
    assert store.verify(secret) == token
    assert store.tokens() == [token]


def test_secrets_are_long_and_differ(store):
    secrets = {store.create("ada")[1] for _ in range(10)}
    assert len(secrets) == 10
    assert all(
        secret.startswith("qml_") and len(secret) == 4 + 43 for secret in secrets
    )  # 32 bytes in base 64


def test_what_is_no_secret_lets_nobody_in(store):
    _, secret = store.create("ada")
    other = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for wrong in (
        "",
        "qml_",
        secret[:-1],
        secret + "A",
        other,
        secret.upper(),
        hash_of(secret),
        "\ud800",
        "%",
        "\0",
    ):
        assert store.verify(wrong) is None


def test_a_revoked_token_lets_nobody_in(store, clock):
    token, secret = store.create("ada")
    kept, other = store.create("ada")
    clock.put_on()
    revoked = store.revoke(token.id)
    assert revoked.revoked_at == clock.time
    assert store.verify(secret) is None
    assert store.verify(other) == kept
    clock.put_on()
    assert store.revoke(token.id) == revoked
    assert store.tokens() == [revoked, kept]


@pytest.mark.parametrize("token_id", ["", "tok_", "tok_00000000000000000000000000", "\0", "'; --"])
def test_a_token_that_is_not_there(store, token_id):
    with pytest.raises(TokenError, match="expected the id of a token"):
        store.revoke(token_id)


@pytest.mark.parametrize("owner", ["", " ada", "ada ", "a\nb", "a\0", "x" * 65, "\ud800", "a\u202eb"])
def test_what_is_no_owner(store, owner):
    with pytest.raises(OwnerError, match="owner: expected a name"):
        store.create(owner)
    assert store.tokens() == []


def test_owners_may_be_called_anything_that_can_be_read(store):
    for owner in ("x", "Jörg Müller", "李雷", "o'Brien", "🦊", "x" * 64):
        assert store.verify(store.create(owner)[1]).owner == owner


@given(owner=st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_every_name_is_taken_or_refused(store, owner):
    try:
        _, secret = store.create(owner)
    except OwnerError:
        return
    assert store.verify(secret).owner == owner
    assert "\n" not in owner


def test_the_first_token_is_made_once_by_all_who_start_at_once(store):
    made = []
    threads = [threading.Thread(target=lambda: made.append(store.create_first("ada"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (token, _), *others = sorted(made, key=lambda one: one is None)
    assert others == [None] * 3
    store.revoke(token.id)
    assert store.create_first("ada")
