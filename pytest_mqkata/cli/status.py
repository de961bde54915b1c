"""Exit statuses of the command."""

GREEN_STATUS = 0
RED_STATUS = 1
AMBER_STATUS = 2
ENVIRONMENT_STATUS = 3
USAGE_STATUS = 4
INTERRUPTED_STATUS = 130

OF_COLOUR = {"green": GREEN_STATUS, "red": RED_STATUS, "amber": AMBER_STATUS, "grey": ENVIRONMENT_STATUS}
"""What a command exits with that tells of a run of this colour."""
