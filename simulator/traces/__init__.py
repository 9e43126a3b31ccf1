"""Readers of real logs, one file each."""
