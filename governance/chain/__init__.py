"""The chain as this node believes it: tools that run one, RPC, headers, proofs, the verified view."""
