"""What can go wrong with sealed weights. Tampering, a wrong key and a malformed input are never the same error."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Unavailable, VerificationError


class NotSealed(InvalidInput):
    """The file does not begin as a sealed file of a version and suite that this program reads."""

    hint: ClassVar[str] = "give a directory that custodes model seal made; a newer format needs a newer custodes"


class MalformedHeader(InvalidInput):
    """A sealed file's header breaks a rule of FORMAT.md, or contradicts the manifest that vouches for it."""

    hint: ClassVar[str] = "the file was not made by a correct sealer: seal the model again"


class MalformedManifest(InvalidInput):
    """manifest.json is not canonical JSON of the schema `custodes.manifest/1`."""

    hint: ClassVar[str] = "do not edit or reformat manifest.json: its exact bytes are what the ledger recorded"


class MalformedSafetensors(InvalidInput):
    """The source is not a well-formed safetensors file."""

    hint: ClassVar[str] = "write the weights again with safetensors' save_file, then seal"


class UnsealableSource(InvalidInput):
    """The source directory cannot be sealed as a whole (no weights, an index that disagrees, a file that changed)."""

    hint: ClassVar[str] = "give a transformers directory with model.safetensors, or with shards and their index"


class UnsupportedDtype(InvalidInput):
    """A tensor's element type is unknown to the format, or torch has no type for it."""

    hint: ClassVar[str] = "convert the tensor to a type that safetensors and torch both know, such as BF16"


class OutputExists(InvalidInput):
    """Something is already there under the final name; nothing was overwritten."""

    hint: ClassVar[str] = "choose another output directory, or remove the old one yourself"


class MalformedFragment(InvalidInput):
    """A fragment's description is not canonical JSON of the schema `custodes.fragment/1`."""

    hint: ClassVar[str] = "give a directory that custodes model disperse made, or where it is served over HTTP"


class ManifestMismatch(VerificationError):
    """The manifest, or a value in it, is not the one that the ledger recorded."""

    hint: ClassVar[str] = "this is not the registered model: get the sealed directory again from its publisher"


class TamperedHeader(VerificationError):
    """A sealed file's header or leaf table does not give the root in the manifest."""

    hint: ClassVar[str] = "the file was changed or belongs to another model: get it again from its publisher"


class TamperedChunk(VerificationError):
    """A chunk of ciphertext is not the approved one; the details name file, tensor and chunk."""

    hint: ClassVar[str] = "the file was changed after sealing: get it again from its publisher"


class TamperedFile(VerificationError):
    """A file as a whole is not what the manifest lists: other content, bytes added, a link in its place."""

    hint: ClassVar[str] = "put the published file back in its place as a regular file"


class TruncatedFile(VerificationError):
    """A file is absent, or shorter than the manifest or its own header says."""

    hint: ClassVar[str] = "the copy is incomplete: transfer it again"


class WrongDataKey(VerificationError):
    """The data key does not have the commitment that the ledger recorded; the files were not even looked at."""

    hint: ClassVar[str] = "the key belongs to another seal: unlock this model's own identity"


class FragmentLies(VerificationError):
    """A fragment is not what its place under the dispersal's root says; the message names it and where it differs."""

    hint: ClassVar[str] = "leave that fragment out; whoever gave it changed it, or its disk did"


class TooFewFragments(Unavailable):
    """Fewer fragments than are needed can be read and are true; the message says what is wrong with each other one."""

    hint: ClassVar[str] = "add fragments of other parties: custodes model gather OUT FRAGMENT FRAGMENT ..."


class FragmentUnreachable(Unavailable):
    """A fragment cannot be read where it is said to be."""

    hint: ClassVar[str] = "check the path, or the URL and that its server runs; others may do without it"


class ResourcesUnavailable(Unavailable):
    """The operating system refused storage or memory; nothing partial was left under a final name."""

    hint: ClassVar[str] = "free disk space or memory, check permissions, then run it again"
