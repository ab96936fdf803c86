# Normalization of columns (of a batch) and of rows.


cdef array columns_vector(object value, ptrdiff_t n, int dtype, str who, str what):
    """An input of one number for each of n columns or rows, or None."""
    if value is None:
        return None
    cdef array a = as_input(value, dtype, 1, who, what)
    if cnp.PyArray_DIM(a, 0) != n:
        raise ValueError(f"{who}: expected {what} of shape ({n},), received {shape_of(a)}")
    return a


cdef array needed_vector(object value, ptrdiff_t n, int dtype, str who, str what):
    """The same, which may not be None."""
    if value is None:
        raise TypeError(f"{who}: expected {what} as a NumPy array, received NoneType")
    return columns_vector(value, n, dtype, who, what)


cdef array vector_output(object value, ptrdiff_t n, int dtype, str who, str what):
    """An output of n numbers: the caller's, checked, or a new one for None."""
    if value is None:
        return new_array(1, n, 0, dtype)
    return as_output(value, dtype, 1, n, 0, who, what)


def batch_norm_forward(x, gamma=None, beta=None, moving_mean=None, moving_variance=None,
                       double momentum=0.99, double epsilon=1e-3, out=None, mean=None, inv=None):
    """x normalized by the mean and the variance of each column, any shape: columns are along the
    last axis. Returns (y, mean, inv), inv being 1/sqrt(variance + epsilon). Moves the two moving
    averages, if they are given."""
    cdef str who = "batch_norm_forward"
    cdef cr_batch_norm_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y, mean_, inv_, gamma_, beta_
    cdef array average = None, variance = None
    rows_and_columns(x_, &g.M, &g.N)
    gamma_ = columns_vector(gamma, g.N, dtype, who, "gamma")
    beta_ = columns_vector(beta, g.N, dtype, who, "beta")
    if moving_mean is not None or moving_variance is not None:
        average = as_output(moving_mean, dtype, 1, g.N, 0, who, "moving_mean")
        variance = as_output(moving_variance, dtype, 1, g.N, 0, who, "moving_variance")
    y = output_like(out, x_, dtype, who)
    mean_ = vector_output(mean, g.N, dtype, who, "mean")
    inv_ = vector_output(inv, g.N, dtype, who, "inv")
    g.y, g.mean, g.inv, g.x = data_ptr(y), data_ptr(mean_), data_ptr(inv_), data_ptr(x_)
    g.moving_mean, g.moving_variance = data_ptr(average), data_ptr(variance)
    g.gamma, g.beta, g.relu = data_ptr(gamma_), data_ptr(beta_), 0
    g.epsilon, g.momentum = epsilon, momentum
    launch(CR_batch_norm_forward, dtype, &g, sizeof(g), 0.25 * g.M * g.N, 0, b"wwwwwrrrrr",
           (y, mean_, inv_, average, variance, x_, gamma_, beta_, average, variance))
    return y, mean_, inv_


def batch_norm_inference(x, mean, variance, gamma=None, beta=None, double epsilon=1e-3, out=None,
                         inv=None):
    """x normalized by a mean and a variance of each column that are given. inv: takes
    1/sqrt(variance + epsilon), or None."""
    cdef str who = "batch_norm_inference"
    cdef cr_batch_norm_inference_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y, gamma_, beta_, mean_, variance_
    cdef array inv_ = None
    rows_and_columns(x_, &g.M, &g.N)
    mean_ = needed_vector(mean, g.N, dtype, who, "mean")
    variance_ = needed_vector(variance, g.N, dtype, who, "variance")
    gamma_ = columns_vector(gamma, g.N, dtype, who, "gamma")
    beta_ = columns_vector(beta, g.N, dtype, who, "beta")
    y = output_like(out, x_, dtype, who)
    if inv is not None:
        inv_ = as_output(inv, dtype, 1, g.N, 0, who, "inv")
    g.y, g.inv, g.x, g.gamma, g.beta = (data_ptr(y), data_ptr(inv_), data_ptr(x_),
                                        data_ptr(gamma_), data_ptr(beta_))
    g.mean, g.variance, g.epsilon, g.relu = data_ptr(mean_), data_ptr(variance_), epsilon, 0
    launch(CR_batch_norm_inference, dtype, &g, sizeof(g), 0.1 * g.M * g.N, 0, b"wwrrrrr",
           (y, inv_, x_, gamma_, beta_, mean_, variance_))
    return y


def batch_norm_backward(dy, x, mean, inv, gamma=None, bint given=False, out=None, dgamma=None,
                        dbeta=None, bint input_gradient=True):
    """The gradients of x, gamma and beta: (dx, dgamma, dbeta). given: whether mean and inv did not
    come from x; input_gradient: whether dx is wanted, else it is None."""
    cdef str who = "batch_norm_backward"
    cdef cr_batch_norm_backward_args g
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array mean_, inv_, gamma_, dgamma_, dbeta_
    cdef array dx = None
    same_shape(x_, dy_, who, "x")
    rows_and_columns(dy_, &g.M, &g.N)
    mean_ = needed_vector(mean, g.N, dtype, who, "mean")
    inv_ = needed_vector(inv, g.N, dtype, who, "inv")
    gamma_ = columns_vector(gamma, g.N, dtype, who, "gamma")
    dgamma_ = vector_output(dgamma, g.N, dtype, who, "dgamma")
    dbeta_ = vector_output(dbeta, g.N, dtype, who, "dbeta")
    if input_gradient:
        dx = output_like(out, dy_, dtype, who)
    g.dx, g.dgamma, g.dbeta = data_ptr(dx), data_ptr(dgamma_), data_ptr(dbeta_)
    g.dy, g.x, g.gamma = data_ptr(dy_), data_ptr(x_), data_ptr(gamma_)
    g.mean, g.inv, g.given = data_ptr(mean_), data_ptr(inv_), given
    launch(CR_batch_norm_backward, dtype, &g, sizeof(g), 0.3 * g.M * g.N, 0, b"wwwrrrrr",
           (dx, dgamma_, dbeta_, dy_, x_, gamma_, mean_, inv_))
    return dx, dgamma_, dbeta_


def row_norm_forward(x, gamma=None, beta=None, double epsilon=1e-3, bint centered=True, out=None,
                     inv=None):
    """x normalized along its last axis, any shape. Returns (y, mean, inv), each of the latter one
    number a row; without `centered` nothing is subtracted, and mean is None."""
    cdef str who = "row_norm_forward"
    cdef cr_row_norm_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y, inv_, gamma_, beta_
    cdef array mean_ = None
    rows_and_columns(x_, &g.M, &g.N)
    gamma_ = columns_vector(gamma, g.N, dtype, who, "gamma")
    beta_ = columns_vector(beta, g.N, dtype, who, "beta")
    y = output_like(out, x_, dtype, who)
    inv_ = vector_output(inv, g.M, dtype, who, "inv")
    if centered:
        mean_ = new_array(1, g.M, 0, dtype)
    g.y, g.mean, g.inv, g.x = data_ptr(y), data_ptr(mean_), data_ptr(inv_), data_ptr(x_)
    g.gamma, g.beta, g.epsilon = data_ptr(gamma_), data_ptr(beta_), epsilon
    launch(CR_row_norm_forward, dtype, &g, sizeof(g), 0.25 * g.M * g.N, g.M, b"WWWRrr",
           (y, mean_, inv_, x_, gamma_, beta_))
    return y, mean_, inv_


def row_norm_backward(dy, x, inv, mean=None, gamma=None, out=None):
    """The gradient of x, from what row_norm_forward gave; mean None: it was not subtracted."""
    cdef str who = "row_norm_backward"
    cdef cr_row_norm_backward_args g
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array dx, mean_, inv_, gamma_
    same_shape(x_, dy_, who, "x")
    rows_and_columns(dy_, &g.M, &g.N)
    inv_ = needed_vector(inv, g.M, dtype, who, "inv")
    mean_ = columns_vector(mean, g.M, dtype, who, "mean")
    gamma_ = columns_vector(gamma, g.N, dtype, who, "gamma")
    dx = output_like(out, dy_, dtype, who)
    g.dx, g.dy, g.x = data_ptr(dx), data_ptr(dy_), data_ptr(x_)
    g.gamma, g.mean, g.inv = data_ptr(gamma_), data_ptr(mean_), data_ptr(inv_)
    launch(CR_row_norm_backward, dtype, &g, sizeof(g), 0.3 * g.M * g.N, g.M, b"WRRrRR",
           (dx, dy_, x_, gamma_, mean_, inv_))
    return dx


def row_norm_backward_weights(dy, x, inv, mean=None, dgamma=None, dbeta=None):
    """The gradients of gamma and beta, from what row_norm_forward gave: (dgamma, dbeta)."""
    cdef str who = "row_norm_backward_weights"
    cdef cr_row_norm_backward_weights_args g
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array mean_, inv_, dgamma_, dbeta_
    same_shape(x_, dy_, who, "x")
    rows_and_columns(dy_, &g.M, &g.N)
    inv_ = needed_vector(inv, g.M, dtype, who, "inv")
    mean_ = columns_vector(mean, g.M, dtype, who, "mean")
    dgamma_ = vector_output(dgamma, g.N, dtype, who, "dgamma")
    dbeta_ = vector_output(dbeta, g.N, dtype, who, "dbeta")
    g.dgamma, g.dbeta, g.dy, g.x = (data_ptr(dgamma_), data_ptr(dbeta_), data_ptr(dy_),
                                    data_ptr(x_))
    g.mean, g.inv = data_ptr(mean_), data_ptr(inv_)
    launch(CR_row_norm_backward_weights, dtype, &g, sizeof(g), 0.2 * g.M * g.N, 0, b"wwrrrr",
           (dgamma_, dbeta_, dy_, x_, mean_, inv_))
    return dgamma_, dbeta_
