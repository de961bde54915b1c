"""Faults that tests inject between a client and a real broker."""
