"""The report that a decision is signed on."""
