"""Any k of n fragments make the model again; a fragment that lies is named and left out, in whatever way it lies."""

from __future__ import annotations

import functools
import http.server
import itertools
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import CustodesError
from inference.errors import NotRegistered
from inference.sealed import Manifest, verify_directory
from inference.sealed.dispersal import Gathered, disperse, gather, open_source
from inference.sealed.dispersal.erasure import Erasure
from inference.sealed.dispersal.fragment import (
    Fragment,
    Parameters,
    compute_dispersal_root,
    compute_fragment_root,
    compute_path,
    compute_payload_bytes,
    is_under_root,
    parse_fragment,
)
from inference.sealed.errors import (
    FragmentLies,
    FragmentUnreachable,
    MalformedFragment,
    OutputExists,
    ResourcesUnavailable,
    TooFewFragments,
)

SEALED_FILE = "model.safetensors.sealed.fragment"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, seal: Callable[..., Any], tensor: Callable[..., Any]) -> Any:
    """A model of several segments."""
    tensors = {"w": tensor("U8", (9_000_000,), 1), "v": tensor("F32", (12,), 2)}
    return seal(tmp_path_factory.mktemp("large"), tensors, chunk_bytes=1 << 20)


@pytest.fixture(scope="module")
def dispersed(large: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Five fragments of it that no test changes."""
    return disperse(large.directory, tmp_path_factory.mktemp("d") / "fragments", data=3, parity=2).fragments


@pytest.fixture
def fragments(dispersed: tuple[Path, ...], tmp_path: Path) -> list[Path]:
    """Copies to break."""
    shutil.copytree(dispersed[0].parent, tmp_path / "fragments")
    return [tmp_path / "fragments" / path.name for path in dispersed]


def collect(model: Any, out: Path, *fragments: Path | str) -> Gathered:
    def find(manifest: Manifest) -> Any:
        if manifest.compute_hash() != model.anchor.manifest_hash:
            raise NotRegistered("the ledger has no such model")
        return model.anchor

    return gather([open_source(str(fragment)) for fragment in fragments], out, find)


def read_all(directory: Path) -> dict[str, bytes]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_any_three_of_five_make_the_same_directory(large: Any, dispersed: tuple[Path, ...], tmp_path: Path) -> None:
    whole = read_all(large.directory)
    for number, chosen in enumerate(itertools.combinations(dispersed, 3)):
        found = collect(large, tmp_path / str(number), *chosen)
        assert read_all(tmp_path / str(number)) == whole
        assert (len(found.used), found.faults) == (3, {})
    verify_directory(tmp_path / "0", large.anchor)


def test_each_fragment_is_a_third_of_the_weights(large: Any, dispersed: tuple[Path, ...]) -> None:
    sealed = (large.directory / "model.safetensors.sealed").stat().st_size
    sizes = {(path / SEALED_FILE).stat().st_size for path in dispersed}
    assert len(sizes) == 1
    assert sealed / 3 <= sizes.pop() < sealed / 3 + 16


def test_two_of_five_are_too_few(large: Any, dispersed: tuple[Path, ...], tmp_path: Path) -> None:
    with pytest.raises(TooFewFragments, match="2 of 3 fragments that are needed are true"):
        collect(large, tmp_path / "out", *dispersed[:2])
    with pytest.raises(TooFewFragments, match="2 of 3"):
        collect(large, tmp_path / "out", dispersed[0], dispersed[1], dispersed[1])  # the same twice is one
    assert not list(tmp_path.iterdir())


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}, separators=(",", ":"), sort_keys=True))


def swap(one: Path, other: Path) -> None:
    shutil.copy(other / SEALED_FILE, one / SEALED_FILE)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda f: flip(f[0] / SEALED_FILE, 5), "segment 0 of model.safetensors.sealed was changed"),
        (lambda f: flip(f[0] / SEALED_FILE, -1), "segment 2 of model.safetensors.sealed was changed"),
        (lambda f: swap(f[0], f[1]), "segment 0 of model.safetensors.sealed was changed"),
        (lambda f: flip(f[0] / "fragment.leaves", 40), "its leaves are not under its root"),
        (lambda f: os.truncate(f[0] / "fragment.leaves", 32), "its leaves are not under its root"),
        (lambda f: os.truncate(f[0] / SEALED_FILE, 2_000_000), "ends at byte 2000000"),
        (lambda f: (f[0] / SEALED_FILE).unlink(), "is missing"),
        (lambda f: (f[0] / "fragment.json").unlink(), "is missing"),
        (lambda f: (f[0] / "fragment.json").write_text("{}"), "is not custodes.fragment/1"),
        (lambda f: edit(f[0] / "fragment.json", index=1), "as fragment 1"),
        (lambda f: edit(f[0] / "fragment.json", index=5), "numbers no fragment of its own"),
        (lambda f: edit(f[0] / "fragment.json", path=[]), "not under its root"),
        (lambda f: edit(f[0] / "fragment.json", root="0x" + "00" * 32), "not under its root"),
        (lambda f: flip(f[0] / "manifest.json", 30), "manifest"),
        (lambda f: (f[0] / "manifest.json").write_bytes(b"x" * (1 << 24) + b"x"), "at most"),
        (lambda f: shutil.rmtree(f[0]), "is not a directory"),
        (lambda f: (f[0] / "fragment.leaves").unlink() or (f[0] / "fragment.leaves").symlink_to("/etc/passwd"), "link"),
    ],
)
def test_fragment_that_lies_is_named_and_left_out(
    large: Any, fragments: list[Path], tmp_path: Path, spoil: Callable[[list[Path]], object], named: str
) -> None:
    spoil(fragments)
    found = collect(large, tmp_path / "out", *fragments[:4])
    assert read_all(tmp_path / "out") == read_all(large.directory)
    ((liar, fault),) = found.faults.items()
    assert liar == str(fragments[0])
    assert named in fault
    assert str(fragments[0]) not in found.used
    with pytest.raises(TooFewFragments) as few:
        collect(large, tmp_path / "few", *fragments[:3])
    assert liar in few.value.details["faults"]  # type: ignore[operator]
    assert not (tmp_path / "few").exists()


def test_fragments_of_another_model_are_left_out(
    large: Any, sealed: Any, fragments: list[Path], tmp_path: Path
) -> None:
    """Even if they are more, and agree with each other: the ledger does not know their model."""
    strange = disperse(sealed.directory, tmp_path / "strange", data=2, parity=2).fragments
    found = collect(large, tmp_path / "out", *strange, *fragments[:3])
    assert read_all(tmp_path / "out") == read_all(large.directory)
    assert set(found.faults) == {str(path) for path in strange}


def test_those_who_agree_on_other_weights_gain_nothing(large: Any, fragments: list[Path], tmp_path: Path) -> None:
    """Fragments that are all right under their own root, of ciphertext that the ledger never recorded."""
    forged = tmp_path / "forged"
    shutil.copytree(large.directory, forged)
    flip(forged / "model.safetensors.sealed", -20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.sealed.dispersal.dispersing.verify_directory", lambda *_, **__: None)
        liars = disperse(forged, tmp_path / "liars", data=3, parity=2).fragments
    found = collect(large, tmp_path / "out", *liars, *fragments[:3])
    assert read_all(tmp_path / "out") == read_all(large.directory)
    assert set(found.faults) == {str(path) for path in liars}
    with pytest.raises(TooFewFragments, match="root does not cover"):
        collect(large, tmp_path / "again", *liars)
    assert not (tmp_path / "again").exists()


def test_fragments_that_decode_differently_are_found_by_encoding_again(
    large: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disperser who lies: parity of other bytes, with leaves and a root that are right for it."""
    encode = Erasure.encode

    def encode_wrongly(self: Erasure, segment: bytes) -> list[bytes]:
        *rest, last = encode(self, segment)
        return [*rest, bytes(len(last))]

    with monkeypatch.context() as patch:
        patch.setattr(Erasure, "encode", encode_wrongly)
        made = disperse(large.directory, tmp_path / "wrong", data=3, parity=2).fragments
    with pytest.raises(TooFewFragments, match="encoded again, has another root"):
        collect(large, tmp_path / "out", *made[:3])


# --- over HTTP


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(directory: Path, kind: type[http.server.BaseHTTPRequestHandler] = _Quiet) -> Iterator[str]:
    """The URL of that directory on loopback; this server does not know ranges."""
    handler = functools.partial(kind, directory=str(directory)) if kind is _Quiet else kind
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_fragments_are_gathered_over_http(large: Any, fragments: list[Path], tmp_path: Path) -> None:
    flip(fragments[0] / SEALED_FILE, -1)  # another takes its place in the midst of the file
    with served(fragments[0].parent) as url:
        urls = [f"{url}/{path.name}" for path in fragments]
        found = collect(large, tmp_path / "out", urls[0], urls[2], fragments[3], urls[4] + "/", f"{url}/nothing")
    assert read_all(tmp_path / "out") == read_all(large.directory)
    assert set(found.faults) == {urls[0], f"{url}/nothing"}
    assert "HTTP 404" in found.faults[f"{url}/nothing"]
    assert len(found.used) == 3


def test_server_that_sends_without_end_is_left_out(large: Any, fragments: list[Path], tmp_path: Path) -> None:
    class Endless(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 16))
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with served(tmp_path, Endless) as url:
        found = collect(large, tmp_path / "out", url, "http://127.0.0.1:9", *fragments[:3])
    assert "more than" in found.faults[url]
    assert "does not answer" in found.faults["http://127.0.0.1:9"]


# --- pieces


@given(
    st.integers(1, 12).flatmap(lambda data: st.tuples(st.just(data), st.integers(1, 12))),
    st.binary(min_size=1, max_size=300),
    st.randoms(use_true_random=False),
)
def test_any_k_payloads_give_the_segment(shape: tuple[int, int], segment: bytes, chance: Any) -> None:
    code = Erasure(*shape)
    payloads = code.encode(segment)
    assert {len(payload) for payload in payloads} == {compute_payload_bytes(len(segment), shape[0])}
    assert b"".join(payloads[: shape[0]])[: len(segment)] == segment  # systematic
    chosen = {index: payloads[index] for index in chance.sample(range(sum(shape)), shape[0])}
    assert code.decode(chosen, len(segment)) == segment


def test_code_is_the_one_that_the_format_names() -> None:
    """Cauchy's matrix over GF(2^8) by hand: row i, column j is 1 / (i xor j)."""

    def multiply(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a, b = (a << 1) ^ (0x11D if a & 0x80 else 0), b >> 1
        return product

    inverse = {a: b for a in range(1, 256) for b in range(1, 256) if multiply(a, b) == 1}
    segment = bytes(range(7, 13))
    payloads = Erasure(3, 2).encode(segment)
    for row in (3, 4):
        for byte in range(2):
            parts = [multiply(inverse[row ^ column], payloads[column][byte]) for column in range(3)]
            assert payloads[row][byte] == parts[0] ^ parts[1] ^ parts[2]


@pytest.mark.parametrize("count", range(2, 10))
def test_every_fragment_is_under_its_root_at_its_own_place_alone(count: int) -> None:
    parameters = Parameters(manifest_hash=bytes(32), data=1, parity=count - 1)
    roots = [compute_fragment_root(bytes([index]) * 64) for index in range(count)]
    root = compute_dispersal_root(parameters, roots)
    for index in range(count):
        path = compute_path(parameters, roots, index)
        fragment = Fragment(parameters=parameters, index=index, root=root, path=path)
        assert parse_fragment(fragment.to_bytes()) == fragment
        for claimed, own_root in enumerate(roots):
            assert is_under_root(fragment, own_root) == (claimed == index)
        longer = Fragment(parameters=parameters, index=index, root=root, path=(*path[:7], bytes(32)))
        assert not is_under_root(longer, roots[index])


@pytest.mark.parametrize("raw", [b"", b"null", b"[" * 9000, b'{"schema": "custodes.fragment/1"}'])
def test_description_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedFragment):
        parse_fragment(raw)


def test_dispersing_refuses_what_is_broken_and_what_is_there(sealed: Any, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputExists):
        disperse(sealed.directory, tmp_path / "there", data=2, parity=1)
    with pytest.raises(ResourcesUnavailable, match="no erasure code"):
        Erasure(300, 2)
    flip(sealed.shard_path, -1)
    with pytest.raises(CustodesError, match="chunk"):
        disperse(sealed.directory, tmp_path / "new", data=2, parity=1)
    assert not (tmp_path / "new").exists()


def test_faults_have_errors_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(FragmentUnreachable):
        open_source(str(tmp_path / "nowhere")).read_small("fragment.json", 10)
    assert FragmentLies.exit_code == 1
