# Fusion: neighbouring kernel calls of a program made one, where the result is the same to the bit
# and nobody can see the difference. It is done before instructions are arranged (schedule.pxi).
#
#     dense_forward -> activation_forward               the activation in the product's last pass
#     dense_forward -> dropout_forward                  dropout there, too (behind a relu)
#     batch_norm_forward, _inference -> activation_forward    relu as it is written
#     dense_backward_input -> activation_backward       act' on the way out of the product
#     dense_backward_input -> dropout_backward          likewise, behind a relu
#     ... through dropout_backward -> activation_backward of the same relu
#                                                       nothing: what was kept was active
#
# The array between two calls is not written any more. So it must be the program's own: no other
# call touches it, and no object outside of the program refers to it.


cdef int fuse(Program program) except -1:
    """Fuses, once, what can be fused. The rules of the backward pass come first: a call behind a
    dropout then lets go of the relu's output, which a rule of the forward pass needs to be free."""
    cdef Py_ssize_t i, j
    if program.fused:
        return 0
    program.fused = True
    for rule in range(3):
        for i in range(program.call_count):
            j = 0
            while j >= 0:  # several rules may follow on one product
                j = successor(program, i)
                if j >= 0 and not ((rule == 0 and fuse_backward(program, i, j))
                                   or (rule == 1 and skip_relu(program, i, j))
                                   or (rule == 2 and fuse_forward(program, i, j))):
                    j = -1
    return 0


cdef Py_ssize_t successor(Program program, Py_ssize_t i):
    """The only call after i that reads what i writes, if it may run at the place of i; else -1."""
    cdef Py_ssize_t k, m, j = -1
    cdef memory_range *out = program.ranges + program.calls[i].first_range
    cdef memory_range *a
    if program.calls[i].absorbed or program.calls[i].id not in (
            CR_dense_forward, CR_dense_backward_input, CR_dropout_backward,
            CR_batch_norm_forward, CR_batch_norm_inference):
        return -1
    for k in range(program.call_count):
        if k == i or program.calls[k].absorbed:
            continue
        for m in range(program.calls[k].range_count):
            a = program.ranges + program.calls[k].first_range + m
            if a.begin < out.end and out.begin < a.end:
                if k < i or (j >= 0 and j != k):
                    return -1
                j = k
    if (j < 0 or program.calls[i].skip != program.calls[j].skip
            or not is_private(program, i, j)):
        return -1
    for k in range(i + 1, j):
        if not program.calls[k].absorbed and must_wait(program, k, j, False):
            return -1
    return j


cdef bint is_private(Program program, Py_ssize_t i, Py_ssize_t j):
    """Whether nothing but calls i and j refers to the array that i writes first."""
    cdef tuple writer = program.operands[i]
    cdef tuple reader = program.operands[j]
    output = writer[0]
    cdef Py_ssize_t references = 1  # this name
    for operands in (writer, reader):
        for operand in operands:
            references += operand is output
    operand = None
    return (isinstance(output, cnp.ndarray)
            and cnp.PyArray_CHKFLAGS(<array> output, cnp.NPY_ARRAY_OWNDATA)
            and Py_REFCNT(output) == references)


cdef int absorb(Program program, Py_ssize_t i, Py_ssize_t j, const char *access,
                tuple more) except -1:
    """Lets call i do the work of j: it writes what j wrote, and reads `more` besides (access: how,
    a letter each)."""
    cdef recorded_call *p = program.calls + i
    cdef Py_ssize_t k, first = program.range_count
    cdef Py_ssize_t old = p.first_range
    cdef Py_ssize_t count = p.range_count
    cdef tuple operands = (program.operands[j][0], *program.operands[i][1:], *more)
    cdef bint own_rows = program.ranges[old].own_rows
    program.add_ranges(b"W" if own_rows else b"w", operands[0])
    for k in range(1, count):
        program.new_range()[0] = program.ranges[old + k]
    for k in range(len(more)):
        program.add_ranges(access[k], more[k])
    p.first_range, p.range_count = first, program.range_count - first
    p.nanoseconds += program.calls[j].nanoseconds
    program.calls[j].nanoseconds = 0
    (<void **> p.args)[0] = data_ptr(<array> operands[0])
    program.operands[i] = operands
    program.operands[j] = ()
    program.calls[j].absorbed = True
    return 0


cdef bint fuse_forward(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    """Lets the product i do the activation or the dropout j behind it."""
    cdef cr_dense_forward_args *p
    cdef cr_activation_forward_args *q
    cdef cr_dropout_forward_args *d
    if program.calls[i].id in (CR_batch_norm_forward, CR_batch_norm_inference):
        return fuse_norm(program, i, j)
    if program.calls[i].id != CR_dense_forward:
        return False
    p = <cr_dense_forward_args *> program.calls[i].args
    if p.step != NULL or p.act == CR_SOFTMAX:
        return False
    if program.calls[j].id == CR_activation_forward and p.act == CR_LINEAR:
        q = <cr_activation_forward_args *> program.calls[j].args
        if q.act == CR_SOFTMAX:
            return False
        p.act, p.slope = q.act, q.slope
        if q.slope == NULL:
            absorb(program, i, j, b"", ())
        else:
            absorb(program, i, j, b"w" if p.by_columns else b"W", (program.operands[j][2],))
        return True
    if program.calls[j].id == CR_dropout_forward:
        d = <cr_dropout_forward_args *> program.calls[j].args
        if d.bits != NULL:
            return False
        p.step, p.seed, p.stream = d.step, d.seed, d.stream
        p.threshold, p.scale = d.threshold, d.scale
        absorb(program, i, j, b"r", (program.operands[j][3],))
        return True
    return False


cdef bint fuse_norm(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    """Lets the batch normalization i do the relu j behind it."""
    cdef int *relu
    if (program.calls[j].id != CR_activation_forward
            or (<cr_activation_forward_args *> program.calls[j].args).act != CR_RELU):
        return False
    if program.calls[i].id == CR_batch_norm_forward:
        relu = &(<cr_batch_norm_forward_args *> program.calls[i].args).relu
    else:
        relu = &(<cr_batch_norm_inference_args *> program.calls[i].args).relu
    if relu[0]:
        return False
    relu[0] = 1
    absorb(program, i, j, b"", ())
    return True


cdef bint fuse_backward(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    """Lets the product i go back through the activation or the dropout j before it."""
    cdef cr_dense_backward_input_args *p
    cdef cr_activation_backward_args *q
    cdef cr_dropout_backward_args *d
    cdef const char *access
    if program.calls[i].id != CR_dense_backward_input:
        return False
    p = <cr_dense_backward_input_args *> program.calls[i].args
    access = b"r" if p.by_columns else b"R"
    if p.y != NULL:
        return False
    if program.calls[j].id == CR_activation_backward:
        q = <cr_activation_backward_args *> program.calls[j].args
        if q.act == CR_SOFTMAX or q.y == p.dx:
            return False
        p.y, p.act = q.y, q.act
        absorb(program, i, j, access, (program.operands[j][2],))
        return True
    if program.calls[j].id == CR_dropout_backward:
        d = <cr_dropout_backward_args *> program.calls[j].args
        if d.bits != NULL or d.y == p.dx:
            return False
        p.y, p.act, p.scale = d.y, CR_RELU, d.scale
        absorb(program, i, j, access, (program.operands[j][3],))
        return True
    return False


cdef bint skip_relu(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    """Leaves out j, which goes back through a relu, where i goes back through the dropout behind
    it: what the dropout kept and is greater than 0 was active."""
    cdef cr_activation_backward_args *q
    cdef cr_dropout_forward_args *d
    cdef const void *kept = NULL
    cdef Py_ssize_t k
    if program.calls[j].id != CR_activation_backward:
        return False
    q = <cr_activation_backward_args *> program.calls[j].args
    if q.act != CR_RELU:
        return False
    if program.calls[i].id == CR_dense_backward_input:
        kept = (<cr_dense_backward_input_args *> program.calls[i].args).y
    elif program.calls[i].id == CR_dropout_backward:
        kept = (<cr_dropout_backward_args *> program.calls[i].args).y
    if kept == NULL:
        return False
    for k in range(i):
        if program.calls[k].id == CR_dropout_forward:
            d = <cr_dropout_forward_args *> program.calls[k].args
            if d.y == kept and d.x == q.y and d.bits == NULL:
                absorb(program, i, j, b"", ())
                return True
    return False
