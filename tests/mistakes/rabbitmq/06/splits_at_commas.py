"""Takes the labels apart at their commas.

Step: 2
Why: a label's value may hold commas, braces and spaces; a queue's name does, sooner or later.
"""


def _sample(line: str) -> Sample:
    series, value = line.rsplit("}", 1) if "}" in line else line.split(None, 1)
    name, _, inside = series.partition("{")
    labels = {}
    for part in inside.split(","):
        if part.strip():
            key, _, quoted = part.partition("=")
            labels[key.strip()] = _unescape(quoted.strip().strip('"'))
    return Sample(name.strip(), labels, float(value.split()[0]))
