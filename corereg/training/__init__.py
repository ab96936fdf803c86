"""Training, testing and using models. A model has a `Trainer`; this package imports no model.

trainer.py       what a model has: compile's arguments, locks, recordings, sums
fit.py           fit, train_on_batch, one step of training
loop.py          the epochs of a fit: callbacks, validation, progress
evaluate.py      evaluate, test_on_batch, one step of testing
predict.py       the forward pass on arrays
predict_mc.py    the forward pass many times over, with dropout: averages and spreads
sampler.py       its passes, recorded once
likelihood.py    what outputs are, and how likely they make the targets
repeated_batch.py  train_on_batch of arrays like those of the call before
steps.py         steps over arrays and iterables, recorded for each signature of batches
fused_epochs.py  epochs in one replay
accumulators.py  the sums of an epoch
arguments.py     checks of small arguments
data/            data sets, and the checks of the user's arrays
"""
