"""What can be wrong with a scope or a constraint document."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput


class MalformedDocument(InvalidInput):
    """A document is canonical JSON, but not a scope or a constraint of a version that is known here."""

    hint: ClassVar[str] = "custodes constraint check FILE says which member is wrong"
