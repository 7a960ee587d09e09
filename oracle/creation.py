"""A new oracle: an account, an empty encrypted store, and a configuration, in a directory that held none."""

from __future__ import annotations

from pathlib import Path

from governance.ledger.signer import INSECURE_ITERATIONS, PRODUCTION_ITERATIONS, KeyFile, Keystore, Signer
from oracle.config import CONFIG, KEY, OracleConfig, write_config
from oracle.errors import StoreExists
from oracle.store import SecretStore


def require_free(directory: Path) -> None:
    """Returns if no oracle lies there. Raises: StoreExists."""
    if any((directory / name).exists() for name in (CONFIG, "secrets", f"{KEY}.json")):
        raise StoreExists(f"{directory} holds an oracle already")


def create_oracle(config: OracleConfig, password: str, *, insecure_devnet: bool = False) -> tuple[KeyFile, Path]:
    """The oracle lies in its directory; returns its account and the path of its configuration, which comes last.

    Raises: StoreExists.
    """
    require_free(config.directory)
    config.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    SecretStore.create(config.directory / "secrets", password, insecure_devnet=insecure_devnet)
    iterations = INSECURE_ITERATIONS if insecure_devnet else PRODUCTION_ITERATIONS
    key = Keystore(config.directory).save(KEY, Signer.random(), password, iterations=iterations)
    return key, write_config(config)
