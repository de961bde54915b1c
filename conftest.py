"""What all tests of this repository share. The katas need nothing from here: the plugin brings it."""

pytest_plugins = ["pytester"]
