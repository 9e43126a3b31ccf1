"""Scenario text to values: schema, load, resolve."""
