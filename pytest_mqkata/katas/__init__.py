"""Katas as pytest sees them: steps, answers, deadlines, verdicts and the closing lines."""
