"""The flopcast command."""
