"""Running without Python: functions are recorded once and replayed.

capture.py      run once under a recorder, keep by signature, check that nothing changed, replay
dependencies.py what a recording depends on, and what may be recorded
scheduling.py   every threshold, and the choice of the number of threads
function.py     corereg.record, for functions of the user's own
report.py       what runs how, and the warning where that is slow
"""
