"""The oracle: one member of the committee that holds the key in shares and answers while the ledger permits."""
