# Samples of a random forward pass, summed up as they come.

ENTROPIES = {None: CR_NO_ENTROPY, "categorical": CR_CATEGORICAL_ENTROPY,
             "bernoulli": CR_BERNOULLI_ENTROPY}


def sample_moments(mean, squares, x, count, entropy=None, kind=None):
    """Takes S more samples x (S*M, N), one after the other, into the running mean (M, N), the sum
    of squared deviations (M, N) and, with a kind of ENTROPIES, the mean entropy (M,) of the rows.

    count: an int64 array that holds how many samples there were before; it is not changed.
    """
    cdef str who = "sample_moments"
    cdef cr_sample_moments_args g
    if kind not in ENTROPIES:
        raise ValueError(f"{who}: expected a kind of {list(ENTROPIES)}, received {kind!r}")
    if (kind is None) != (entropy is None):
        raise ValueError(f"{who}: expected entropy and kind together, received one of them")
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, 2, who, "x")
    cdef array entropy_ = None
    cdef ptrdiff_t rows = cnp.PyArray_DIM(x_, 0)
    g.N, g.M = cnp.PyArray_DIM(x_, 1), 0
    if isinstance(mean, cnp.ndarray) and cnp.PyArray_NDIM(<array> mean) == 2:
        g.M = cnp.PyArray_DIM(<array> mean, 0)
    cdef array mean_ = as_output(mean, dtype, 2, g.M, g.N, who, "mean")
    cdef array squares_ = as_output(squares, dtype, 2, g.M, g.N, who, "squares")
    if (rows % g.M if g.M else rows) != 0:
        raise ValueError(f"{who}: expected x of whole samples of {g.M} rows, received {rows} rows")
    if entropy is not None:
        entropy_ = as_output(entropy, dtype, 1, g.M, 0, who, "entropy")
    g.S = rows // g.M if g.M else 0
    g.mean, g.squares, g.entropy = data_ptr(mean_), data_ptr(squares_), data_ptr(entropy_)
    g.x, g.count, g.kind = data_ptr(x_), counter_ptr(count, who, "count"), ENTROPIES[kind]
    launch(CR_sample_moments, dtype, &g, sizeof(g), (0.5 if kind is None else 2.0) * rows * g.N,
           0, b"wwwrr", (mean_, squares_, entropy_, x_, count))
