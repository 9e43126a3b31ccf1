"""What it costs: the price book, terms, ledger lines."""
