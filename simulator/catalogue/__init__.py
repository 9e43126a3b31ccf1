"""Dated facts with sources: hardware, architectures, data sets, failures, prices."""
