"""The worker: sealed weights, opened in memory and served while a release is in force."""
