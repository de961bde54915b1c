"""`mqkata watch`: the kata runs again at each save.

changes.py    what counts as a change, and word of it
runs.py       a run of pytest, and what became of it
keyboard.py   keys one at a time, and the terminal as it was before
doorbell.py   what wakes the loop: signals, the watcher
screen.py     what is shown between the runs
loop.py       puts these together
"""
