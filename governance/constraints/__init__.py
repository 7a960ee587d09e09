"""Documents that votes put into force: what a release permits (scope), and what a constraint forbids."""
