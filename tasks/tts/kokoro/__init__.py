"""Kokoro-82M, on this machine."""
