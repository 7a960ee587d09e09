"""The charter: the genesis document of a consortium, checked, hashed, and deployed."""
