"""What those who hold a share, a wrapped key or the data key itself might do, and what stands in their way.

Each has a patch in defences/ without which it comes through.
"""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from governance.crypto import partial, vss
from governance.crypto.errors import UnwrapFailed, WrongIdentityKey, WrongTransportKey
from governance.crypto.group import G2_GENERATOR, Scalar, multiply
from governance.crypto.ibe import DataKey as WrappedDataKey
from governance.crypto.ibe import WrapContext, WrappedKey, unwrap, wrap
from governance.crypto.partial import IdentityKey, hash_identity
from governance.encoding.committee import CommitteeDomain
from governance.types import Address, ChainId, Epoch, Hash32, Identity, MemberIndex
from inference.sealed import DataKey, Registration, open_sealed, seal_directory
from inference.sealed.errors import TamperedChunk
from inference.sealed.manifest import Manifest
from inference.sealed.shard import derive_keys_for, read_header
from inference.unfinished import get_directory, open_unfinished

IDENTITY = Identity(b"\x01" * 32)
CONTEXT = Hash32(b"\x0c" * 32)
SECRET = Scalar.from_wide_bytes(bytes(range(48)))
PUBLIC_KEY = multiply(G2_GENERATOR, SECRET)


def test_attack_member_posts_another_share_than_its_own() -> None:
    """The combined point would be a wrong key, and whatever it opened would be garbage taken for weights."""
    domain = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(1))
    members = [MemberIndex(index) for index in (1, 2, 3)]
    dealing = vss.deal(SECRET, 2, members, domain, members[0], random.Random(1).randbytes)
    transport = partial.generate_transport_key(IDENTITY, CONTEXT)
    shares = [vss.KeyShare(Epoch(1), members[0], dealing.shares[members[0]])]
    shares.append(vss.KeyShare(Epoch(1), members[1], dealing.shares[members[2]]))  # the cheat: the third one's
    answers = [partial.make_partial(share, IDENTITY, transport.public, CONTEXT) for share in shares]
    with pytest.raises(WrongIdentityKey):
        partial.combine(answers, 2, transport, IDENTITY, PUBLIC_KEY)


def test_attack_worker_asks_for_its_own_identity_and_blinds_another() -> None:
    """It may use one model. With T = tau H(id') the answers would be the key of one that was never released."""
    domain = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(1))
    members = [MemberIndex(index) for index in (1, 2, 3)]
    dealing = vss.deal(SECRET, 2, members, domain, members[0], random.Random(1).randbytes)
    wanted = Identity(b"\x02" * 32)
    transport = partial.generate_transport_key(wanted, CONTEXT)
    shares = [vss.KeyShare(Epoch(1), member, dealing.shares[member]) for member in members[:2]]
    after = [partial.Partial(Epoch(1), s.member, multiply(transport.public.point, s.secret)) for s in shares]
    assert partial.combine(after, 2, transport, wanted, PUBLIC_KEY).identity == wanted  # that is what it is after
    with pytest.raises(WrongTransportKey):
        partial.make_partial(shares[0], IDENTITY, transport.public, CONTEXT)


def test_attack_bits_of_a_wrapped_key_are_flipped() -> None:
    """The last part is masked by a stream: without the check a flipped bit is a flipped bit of the data key."""
    context = WrapContext(PUBLIC_KEY, IDENTITY, Hash32(b"\x0a" * 32), Hash32(b"\x0b" * 32))
    key = IdentityKey(IDENTITY, multiply(hash_identity(IDENTITY), SECRET))
    wrapped = wrap(WrappedDataKey(bytes(32)), context)
    with pytest.raises(UnwrapFailed):
        unwrap(WrappedKey(wrapped[:-1] + bytes([wrapped[-1] ^ 1])), key, context)


def test_attack_worker_with_the_key_puts_other_weights_in_place(tmp_path: Path) -> None:
    """It seals them under the right key and nonce, so that every tag is valid: only the approved leaves tell."""
    source, sealed = tmp_path / "source", tmp_path / "sealed"
    source.mkdir()
    header = b'{"w":{"dtype":"F32","shape":[64],"data_offsets":[0,256]}} '
    (source / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(256))
    (source / "config.json").write_text('{"model_type": "none"}')
    registration = Registration("small", b"\x01" * 32, b"\x02" * 20, b"\x03" * 32, b"\x04" * 32)
    keys: list[bytes] = []

    def keep(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        keys.append(key.expose())
        return bytes(160)

    report = seal_directory(source, sealed, registration, identity=IDENTITY, wrap=keep, chunk_bytes=1024)
    manifest: Manifest = report.manifest
    path = sealed / manifest.shards[0].sealed_name
    read = read_header(path)
    record, placement = read.records[1], list(read.iter_placements())[1]
    record_keys = derive_keys_for(DataKey(keys[0]), read, manifest.shards[0].name, record)
    forged = AESGCM(record_keys.key).encrypt(record_keys.compute_nonce(0), b"\x7f" * record.size, None)
    with path.open("r+b") as stream:
        stream.seek(placement.start)
        stream.write(forged)
    with pytest.raises(TamperedChunk, match="root does not cover"):
        open_sealed(sealed, DataKey(keys[0]), expected=report.anchor)


def test_attack_reader_of_a_resumed_sealing_subtracts_two_plaintexts(tmp_path: Path) -> None:
    """A shard was begun, its source corrected, and the sealing resumed: under one keystream, the two ciphertexts that a
    reader of the disk has differ as the weights do, and whoever knows the first ones knows the others."""
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    (source / "config.json").write_text("{}")
    size, last = 1 << 16, "model-2.safetensors"

    def write(name: str, tensor: str, value: int) -> None:
        header = b'{"%s":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (tensor.encode(), size, size)
        (source / name).write_bytes(len(header).to_bytes(8, "little") + header + bytes([value]) * size)

    def seal(stop_at: float) -> None:
        def progress(done: int, total: int) -> None:
            if done > stop_at:
                raise InterruptedError

        with open_unfinished(out, "password", scrypt_n=2**12) as kept:
            nonce = kept.seal_nonce.to_bytes(32, "big")
            registration = Registration("small", b"\x01" * 32, b"\x02" * 20, nonce, b"\x04" * 32)
            seal_directory(
                source, out, registration,
                identity=IDENTITY, wrap=lambda *_: bytes(160), chunk_bytes=1024, progress=progress, kept=kept,
            )  # fmt: skip

    write("model-1.safetensors", "a", 1)
    write(last, "b", 0x0F)
    with suppress(InterruptedError):
        seal(1.5 * size)
    first = (get_directory(out) / "weights" / f"{last}.sealed").read_bytes()
    (source / last).unlink()
    write(last, "b", 0x3C)
    seal(float("inf"))
    second = (out / f"{last}.sealed").read_bytes()
    start = list(read_header(out / f"{last}.sealed").iter_placements())[1].start
    assert any(first[start : start + 512]), "it was begun"
    difference = {a ^ b for a, b in zip(first[start : start + 512], second[start : start + 512], strict=True)}
    assert difference != {0x0F ^ 0x3C}, "the difference of the weights can be read"
