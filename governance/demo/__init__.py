"""The whole story on one machine, in separate processes that know nothing of each other but the chain."""
