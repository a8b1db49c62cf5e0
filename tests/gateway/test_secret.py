import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.gateway.secret import (
    ALPHABET,
    SECRET_CHARS,
    digest,
    is_well_formed,
    key_id_in,
    new_key_id,
    new_secret,
)

KEY_IDS = st.text(ALPHABET, min_size=8, max_size=8)


@given(key_id=KEY_IDS)
def test_a_secret_is_what_api_gateway_takes_and_names_its_key_id(key_id):
    secret = new_secret(key_id)

    assert re.fullmatch(r"scs[0-9A-Za-z]{57}", secret)
    assert 20 <= len(secret) == SECRET_CHARS <= 128
    assert is_well_formed(secret.encode())
    assert key_id_in(secret.encode()) == key_id


@given(
    place=st.integers(0, SECRET_CHARS - 1),
    other=st.characters(codec="latin-1").map(lambda char: char.encode("latin-1")),
)
def test_the_checksum_sees_every_change_of_one_character(place, other):
    secret = new_secret(new_key_id()).encode()
    changed = secret[:place] + other + secret[place + 1 :]

    assert is_well_formed(changed) == (changed == secret)


@given(presented=st.binary(max_size=200))
def test_anything_can_be_presented(presented):
    assert not is_well_formed(presented)
    assert len(digest(presented, b"pepper")) == 32
    assert len(key_id_in(presented)) <= 8


def test_two_secrets_of_one_key_id_differ():
    assert new_secret("AAAAAAAA") != new_secret("AAAAAAAA")


@pytest.mark.parametrize("more", [b"A", b"A" * 5000])
def test_a_secret_with_more_behind_it_has_another_digest(more):
    secret = new_secret(new_key_id()).encode()

    assert digest(secret + more, b"pepper") != digest(secret, b"pepper")
