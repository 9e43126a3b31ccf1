"""The model and the engines: text in, values through, records out."""

__version__ = "0.1.0"
