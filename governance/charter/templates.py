"""The charters that come with custodes: `standard` for a real consortium, `devnet` for trying it out in minutes."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal, get_args

from governance.charter.errors import BadCharter

TemplateName = Literal["standard", "devnet"]
TEMPLATES: tuple[TemplateName, ...] = get_args(TemplateName)


def read_template(name: str) -> str:
    """The TOML text of that template. Raises: BadCharter."""
    if name not in TEMPLATES:
        raise BadCharter(f"no template is called {name!r}: there are {' and '.join(TEMPLATES)}")
    return (files("governance.charter") / "data" / f"{name}.toml").read_text()
