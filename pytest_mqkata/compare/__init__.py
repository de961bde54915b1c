"""Two answers to a kata side by side: which functions are the same, which differ and where, in the order of the steps.

Formatting, comments and docstrings make no difference. Nothing here imports pytest, prints, or runs an answer.
"""
