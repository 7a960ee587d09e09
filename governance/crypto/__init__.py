"""The committee's cryptography: verifiable secret sharing, threshold IBE on BLS12-381, and envelopes. No I/O."""
