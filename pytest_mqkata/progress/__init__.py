"""What a learner has done: each run, each saved answer, which hints were shown. All of it lies in .mqkata/.

.mqkata/
    history/<broker>-<NN>/<number>.json   a run, or an answer that was saved: written once, never changed
    answers/<sha256>                      the contents of an answer's files
    hints/<broker>-<NN>/<step>-<level>    the hints that were shown
    undo/<broker>-<NN>                    the number of the record that the last reset or checkout replaced
    current                               the kata that was gone to
    aside/                                files that were not ours or were damaged

Nothing here imports pytest, starts a broker, or reaches for the network.
"""
