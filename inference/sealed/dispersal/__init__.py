"""A sealed directory in n fragments of which any k suffice: each party stores 1/k, and no single one is needed."""

from inference.sealed.dispersal.dispersing import Dispersal, disperse
from inference.sealed.dispersal.gathering import Gathered, gather
from inference.sealed.dispersal.sources import open_source

__all__ = ["Dispersal", "Gathered", "disperse", "gather", "open_source"]
