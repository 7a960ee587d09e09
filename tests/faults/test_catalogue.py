"""The list of faults: complete, as the README shows it, and with deadlines that hold.

`UPDATE_TRANSCRIPTS=1 pytest tests/faults/test_catalogue.py` writes the table anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from catalogue import CASES, BadMark, find_faults, format_table, read_mark

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "oracle" / "README.md"
BEGIN, END = "<!-- faults: made from the marks in tests/faults -->\n", "\n<!-- end of faults -->"
TABLE = re.compile(rf"(?<={BEGIN}).*?(?={END})", re.DOTALL)
HANGS = """
import os, subprocess, time
import pytest

@pytest.mark.fault("RPC-99", "it hangs", "never", deadline=0.3)
def test_hangs(started):
    print("child", started(subprocess.Popen(["sleep", "60"])).pid)
    while True:
        try:
            time.sleep(60)
        except Exception:
            pass
"""


def test_every_case_is_counted_and_has_an_id_of_its_own() -> None:
    faults = find_faults()
    ids = Counter(fault.id for fault in faults)
    assert [name for name, count in ids.items() if count > 1] == []
    assert dict(Counter(fault.family for fault in faults)) == {name: count for name, count in CASES.items() if count}


def test_readme_shows_every_case_as_it_is_marked() -> None:
    actual = format_table(find_faults())
    text = README.read_text()
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        text = TABLE.sub(lambda _: actual, text)
        README.write_text(text)
    shown = TABLE.search(text)
    assert shown is not None
    assert shown[0] == actual


def test_case_that_hangs_fails_by_its_deadline_with_its_id_and_leaves_no_process(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_hangs.py").write_text(HANGS)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    ran = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "RPC-99: it hangs" in ran.stdout
    assert "Timeout" in ran.stdout
    child = re.search(r"child (\d+)", ran.stdout)
    assert child is not None
    with pytest.raises(ProcessLookupError):
        os.kill(int(child[1]), 0)


def test_test_without_a_mark_is_an_error(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_unmarked.py").write_text("def test_unmarked():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    ran = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "has 0 marks of a fault" in ran.stderr


@pytest.mark.parametrize(
    "mark",
    [
        pytest.mark.fault("RPC-01", "done").mark,
        pytest.mark.fault("RPC-1", "done", "ends").mark,
        pytest.mark.fault("NOISE-01", "done", "ends").mark,
        pytest.mark.fault("RPC-01", "done | it", "ends").mark,
        pytest.mark.fault("RPC-01", "done", "ends", patience=3).mark,
    ],
)
def test_mark_that_says_less_or_more_is_refused(mark: pytest.Mark) -> None:
    with pytest.raises(BadMark):
        read_mark(mark, "a test")
