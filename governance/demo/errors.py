"""What can go wrong in the demo."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import Unavailable, VerificationError


class ModelMissing(Unavailable):
    """The model that the demo governs is not on this machine."""

    hint: ClassVar[str] = "run scripts/fetch-model in the repository, or name a transformers directory with --model"


class DemoFailed(VerificationError):
    """A step of the demo did not end as it must: something was refused that is permitted, or the other way round."""

    hint: ClassVar[str] = "the directory that was kept holds every process's log; custodes doctor looks at the rest"
