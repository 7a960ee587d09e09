"""Gathering: a sealed directory out of any k fragments that are true; those that are not are named and left out.

A fragment is compared with its root before anything is decoded from it. What was decoded is encoded again, all n
fragments of it, and must give the root: so nobody can have made fragments of which different k decode to different
bytes. And the whole is compared with the ledger, so that many who agree on a lie gain nothing by it.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from governance.errors import CustodesError
from inference.sealed.directory import check_free, publish, staging_beside, write_file
from inference.sealed.dispersal.erasure import Erasure
from inference.sealed.dispersal.fragment import (
    DESCRIPTION_NAME,
    LEAVES_NAME,
    MAX_DESCRIPTION_BYTES,
    SEGMENT_BYTES,
    SUFFIX,
    Fragment,
    Parameters,
    compute_dispersal_root,
    compute_fragment_root,
    compute_leaf,
    compute_payload_bytes,
    count_leaves,
    count_segments,
    is_under_root,
    parse_fragment,
)
from inference.sealed.dispersal.sources import Read, Source
from inference.sealed.errors import FragmentLies, FragmentUnreachable, ResourcesUnavailable, TooFewFragments
from inference.sealed.format import HASH_BYTES, MANIFEST_NAME, MAX_MANIFEST_BYTES
from inference.sealed.manifest import Anchor, Manifest, PlainFile, Shard, parse_manifest
from inference.sealed.parallel import Meter, Progress
from inference.sealed.verify import verify_directory

FindAnchor = Callable[[Manifest], Anchor]  # what the ledger recorded; raises if it recorded no such model


@dataclass(frozen=True)
class Gathered:
    """What was gathered, from whom, and what is wrong with the others (by their names)."""

    directory: Path
    manifest: Manifest
    parameters: Parameters
    used: tuple[str, ...]
    faults: Mapping[str, str]


@dataclass
class _Holder:
    """A fragment whose leaves are under its root. What it gives is compared with them."""

    source: Source
    fragment: Fragment
    manifest: Manifest
    leaves: bytes = field(repr=False)


def gather(
    sources: Sequence[Source],
    out: Path,
    find_anchor: FindAnchor,
    *,
    threads: int = 2,
    progress: Progress | None = None,
) -> Gathered:
    """`out` is the sealed directory that the ledger recorded. Nothing is under that name before all of it passed.

    Raises: TooFewFragments, OutputExists, ResourcesUnavailable.
    """
    check_free(out)
    faults: dict[str, str] = {}
    short: list[str] = []
    groups: dict[tuple[Parameters, bytes], list[_Holder]] = defaultdict(list)
    for source in sources:
        try:
            holder = _hold(source)
            groups[holder.fragment.parameters, holder.fragment.root].append(holder)
        except CustodesError as e:
            faults[source.name] = e.message
    for holders in sorted(groups.values(), key=len, reverse=True):  # of those that agree, the most first
        attempt = _Attempt(holders, faults)
        try:
            anchor = find_anchor(attempt.manifest)
            used = attempt.run(out, anchor, threads, progress)
        except ResourcesUnavailable:
            raise
        except TooFewFragments as e:
            short.append(e.message)
        except CustodesError as e:
            faults.update({holder.source.name: e.message for holder in holders})
        else:
            others = {
                holder.source.name: f"{holder.source.name}: it is of another dispersal"
                for group in groups.values()
                for holder in group
                if group is not holders
            }
            return Gathered(out, attempt.manifest, attempt.parameters, used, {**others, **faults})
    told = "; ".join([*short, *faults.values()]) or "no fragment was named"
    raise TooFewFragments(f"the fragments do not make a model: {told}", details={"faults": dict(faults)})


def _hold(source: Source) -> _Holder:
    """Raises: FragmentLies, MalformedFragment, MalformedManifest, FragmentUnreachable."""
    fragment = parse_fragment(source.read_small(DESCRIPTION_NAME, MAX_DESCRIPTION_BYTES))
    manifest = parse_manifest(source.read_small(MANIFEST_NAME, MAX_MANIFEST_BYTES))
    if manifest.compute_hash() != fragment.parameters.manifest_hash:
        raise FragmentLies(f"{source.name}: its manifest is not the one that it was made for")
    size = HASH_BYTES * count_leaves(manifest)
    leaves = source.read_small(LEAVES_NAME, size)
    if len(leaves) != size or not is_under_root(fragment, compute_fragment_root(leaves)):
        raise FragmentLies(f"{source.name}: its leaves are not under its root, as fragment {fragment.index}")
    return _Holder(source, fragment, manifest, leaves)


class _Attempt:
    """To make the model of fragments that agree on a root."""

    def __init__(self, holders: Sequence[_Holder], faults: dict[str, str]) -> None:
        self._good, self._faults = list(holders), faults
        self._used: dict[str, None] = {}
        self.manifest, self.parameters = holders[0].manifest, holders[0].fragment.parameters
        self._root = holders[0].fragment.root

    def run(self, out: Path, anchor: Anchor, threads: int, progress: Progress | None) -> tuple[str, ...]:
        """Raises: TooFewFragments, FragmentLies, ResourcesUnavailable, and as `verify_directory`."""
        code = Erasure(self.parameters.data, self.parameters.parity)
        self._choose()
        total = sum(shard.size for shard in self.manifest.shards)
        meter = Meter(2 * total, progress)
        tables = [bytearray() for _ in range(self.parameters.count)]
        with staging_beside(out, total) as staging:
            for shard in self.manifest.shards:
                self._gather_shard(shard, staging / shard.sealed_name, code, tables, meter)
            roots = [compute_fragment_root(table) for table in tables]
            if compute_dispersal_root(self.parameters, roots) != self._root:
                raise FragmentLies("what these fragments decode to, encoded again, has another root than they have")
            for entry in self.manifest.files:
                write_file(staging / entry.name, self._get_plain_file(entry))
            write_file(staging / MANIFEST_NAME, self.manifest.to_bytes())
            verify_directory(staging, anchor, threads=threads, meter=meter)
            publish(staging, out)
        return tuple(self._used)

    def _gather_shard(self, shard: Shard, path: Path, code: Erasure, tables: list[bytearray], meter: Meter) -> None:
        first_leaf = len(tables[0]) // HASH_BYTES
        with ExitStack() as stack:
            file = stack.enter_context(_create(path))
            readers: dict[int, Read] = {}  # by id of the holder
            for segment in range(count_segments(shard)):
                length = min(SEGMENT_BYTES, shard.size - segment * SEGMENT_BYTES)
                while True:
                    chosen = self._choose()
                    payloads: dict[int, bytes] = {}
                    for holder in chosen:
                        payload = self._read(holder, shard, segment, length, first_leaf, readers, stack)
                        if payload is None:
                            break
                        payloads[holder.fragment.index] = payload
                    if len(payloads) == len(chosen):
                        break
                    readers.clear()  # whoever was read already is read again from this segment on
                content = code.decode(payloads, length)
                for index, payload in enumerate(code.encode(content)):
                    tables[index] += compute_leaf(shard.sealed_name, segment, index, payload)
                try:
                    file.write(content)
                except OSError as e:
                    raise ResourcesUnavailable(f"{path.name} cannot be written: {e.strerror}") from e
                meter.add(length)
            file.flush()
            os.fsync(file.fileno())

    def _read(
        self,
        holder: _Holder,
        shard: Shard,
        segment: int,
        length: int,
        first_leaf: int,
        readers: dict[int, Read],
        stack: ExitStack,
    ) -> bytes | None:
        """The holder's payload, once its leaf was compared; None if it is left out from now on."""
        size = compute_payload_bytes(length, self.parameters.data)
        whole = compute_payload_bytes(SEGMENT_BYTES, self.parameters.data)
        index, at = holder.fragment.index, HASH_BYTES * (first_leaf + segment)
        try:
            if id(holder) not in readers:
                name = shard.sealed_name + SUFFIX
                readers[id(holder)] = stack.enter_context(holder.source.read_from(name, segment * whole))
            payload = readers[id(holder)](size)
            if compute_leaf(shard.sealed_name, segment, index, payload) != holder.leaves[at : at + HASH_BYTES]:
                raise FragmentLies(f"{holder.source.name}: segment {segment} of {shard.sealed_name} was changed")
        except (FragmentLies, FragmentUnreachable) as e:
            self._faults[holder.source.name] = e.message
            self._good.remove(holder)
            self._used.pop(holder.source.name, None)
            return None
        self._used[holder.source.name] = None
        return payload

    def _choose(self) -> list[_Holder]:
        """As many as are needed, of distinct numbers. Raises: TooFewFragments."""
        by_number = {holder.fragment.index: holder for holder in reversed(self._good)}
        chosen = [by_number[index] for index in sorted(by_number)][: self.parameters.data]
        if len(chosen) < self.parameters.data:
            raise TooFewFragments(f"{len(chosen)} of {self.parameters.data} fragments that are needed are true")
        return chosen

    def _get_plain_file(self, entry: PlainFile) -> bytes:
        """Raises: FragmentLies, if no fragment has it as the manifest lists it."""
        for holder in self._good:
            try:
                content = holder.source.read_small(entry.name, entry.size)
            except FragmentUnreachable:
                continue
            if hashlib.sha256(content).digest() == entry.sha256:
                return content
        raise FragmentLies(f"no fragment has {entry.name} as the manifest lists it")


def _create(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except OSError as e:
        raise ResourcesUnavailable(f"{path.name} cannot be written: {e.strerror}") from e
