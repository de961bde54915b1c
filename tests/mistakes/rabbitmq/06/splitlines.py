"""Breaks the page with splitlines().

Step: 2
Why: that breaks at a dozen characters more, which may stand in a label's value; in this format a line ends at a line feed.
"""


def parse_metrics(text: str) -> list[Sample]:
    lines = (line.strip() for line in text.splitlines())
    return [_sample(line) for line in lines if line and not line.startswith("#")]
