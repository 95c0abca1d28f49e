"""Outputs: one file per format, all of the shape ``base.Sink``."""
