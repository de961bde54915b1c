"""What a learner has done: each run, each saved answer, which hints were shown. All of it lies in .mqkata/.

.mqkata/
    history/<broker>-<NN>/<number>.json   a run, or an answer that was saved: written once, never changed
    answers/<sha256>                      the contents of an answer's files
    hints/<broker>-<NN>/<step>-<level>    the hints that were shown; run-<number>: since which runs
    undo/<broker>-<NN>                    the number of the record that the last reset or checkout replaced
    allowed/<broker>-<NN>/solution        the learner wants to see the solution, though the kata is not green
    guesses/<broker>-<NN>/<mistake>       the mistakes that were shown, each with what became of the guess
    current                               the kata that was gone to
    aside/                                files that were not ours or were damaged

Nothing here imports pytest, starts a broker, or reaches for the network.
"""
