"""The audit: does what happened on the chain follow from the rules, and does storage hold what follows?"""
