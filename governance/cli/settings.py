"""Where a command's settings come from: options, then CUSTODES_ variables, then custodes.toml, then the XDG directory.

Paths in a file are relative to that file. Nothing secret is a setting: a password is in a file that is named here, or
is asked for.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from governance.cli.errors import BadSetting, SettingMissing

FILE = "custodes.toml"
PATHS = frozenset({"deployment", "keystore", "password_file", "devnet"})


@dataclass(frozen=True)
class Settings:
    """What was set, by whichever source came first. `sources` says which."""

    rpc: str | None = None
    deployment: str | None = None
    keystore: str | None = None
    key: str | None = None
    password_file: str | None = None
    devnet: str | None = None

    def require(self, name: str) -> str:
        """Raises: SettingMissing."""
        value = getattr(self, name)
        if value is None:
            option = name.replace("_", "-")
            raise SettingMissing(
                f"no {name.replace('_', ' ')} is given",
                hint=f"--{option}, CUSTODES_{name.upper()} or {FILE} names it; custodes devnet up writes one",
            )
        return str(value)


NAMES = tuple(field.name for field in fields(Settings))


def load_settings(options: Mapping[str, str | None], *, directory: Path | None = None) -> Settings:
    """The settings for this command. Raises: BadSetting."""
    found: dict[str, str] = {}
    layers = (
        {name: value for name, value in options.items() if value is not None},
        {name: os.environ[f"CUSTODES_{name.upper()}"] for name in NAMES if os.environ.get(f"CUSTODES_{name.upper()}")},
        _read((directory or Path.cwd()) / FILE),
        _read(config_directory() / FILE),
    )
    for layer in layers:
        for name, value in layer.items():
            found.setdefault(name, value)
    return Settings(**found)


def config_directory() -> Path:
    from platformdirs import user_config_path

    return user_config_path("custodes")


def data_directory() -> Path:
    from platformdirs import user_data_path

    return user_data_path("custodes")


def _read(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as e:
        raise BadSetting(f"{path} cannot be read: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise BadSetting(f"{path} is not TOML: {e}") from e
    unknown = sorted(set(content) - set(NAMES))
    if unknown:
        raise BadSetting(f"{path} sets {', '.join(unknown)}, which is no setting")
    for name, value in content.items():
        if not isinstance(value, str):
            raise BadSetting(f"{path}: {name} is not text")
        if name in PATHS:
            content[name] = str(path.parent / Path(value).expanduser())
    return content
