"""Custodes: a blockchain-anchored governance ledger for AI models."""

__version__ = "0.1.0"
