"""The six contracts as Python sees them: artifacts, deployment, typed reads and writes, events, names, signers."""
