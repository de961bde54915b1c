"""What authors of katas need: the gates that a kata must pass, and the scaffold of a new one."""
