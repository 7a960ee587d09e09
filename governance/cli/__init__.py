"""The command line: one file a noun, each a thin shell around the package that does the work."""
