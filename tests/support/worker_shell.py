"""The worker's commands as somebody types them: processes of their own, with keys in files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.chain.processes import dying_with_parent
from governance.ledger.client import Ledger
from governance.ledger.signer import INSECURE_ITERATIONS, Keystore, Signer
from oracle_fleet import CUSTODES

PASSWORD = "not a secret"


@dataclass
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass
class Shell:
    """Where commands run: a directory of their own, with settings in the environment."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, directory: Path, ledger: Ledger, url: str) -> Shell:
        """With the settings of that system."""
        directory.mkdir(parents=True, exist_ok=True)
        deployment, password = directory / "deployment.json", directory / "password"
        ledger.deployment.write(deployment)
        password.write_text(PASSWORD + "\n")
        settings = {
            "CUSTODES_RPC": url,
            "CUSTODES_DEPLOYMENT": str(deployment),
            "CUSTODES_KEYSTORE": str(directory / "keys"),
            "CUSTODES_PASSWORD_FILE": str(password),
            "XDG_DATA_HOME": str(directory / "data"),
            "OMP_NUM_THREADS": "2",
        }
        return cls(directory, {**os.environ, **settings})

    def keep(self, name: str, signer: Signer) -> None:
        """The key lies in the keystore under that name."""
        Keystore(self.directory / "keys").save(name, signer, PASSWORD, iterations=INSECURE_ITERATIONS)

    def run(self, *arguments: str, timeout: float = 120) -> Ran:
        ran = subprocess.run(
            [*CUSTODES, *arguments],
            cwd=self.directory,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on until the block ends; then it is asked to end."""
        with (self.directory / "started.log").open("a") as log:
            process = subprocess.Popen(
                dying_with_parent([*CUSTODES, *arguments]),
                cwd=self.directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                assert process.stdout is not None
                process.stdout.close()

    @property
    def log(self) -> str:
        path = self.directory / "started.log"
        return path.read_text() if path.exists() else ""
