"""Every hash, signature message and domain tag of Custodes is made here, once, and nowhere else in Python."""
