# Fusion: neighbouring kernel calls of a program made one, where the result is the same to the bit
# and nobody can see the difference. Part of Program.arrange.
#
#     dense_forward -> activation_forward               the activation in the product's last pass
#     dense_forward -> dropout_forward                  dropout there, too (behind a relu)
#     dense_backward_input -> activation_backward       act' on the way out of the product
#     dense_backward_input -> dropout_backward          likewise, behind a relu
#     ... through dropout_backward -> activation_backward of the same relu
#                                                       nothing: what was kept was active
#
# The array between two calls goes away, so it must be the program's alone: no other instruction
# touches it, and no object outside refers to it.


cdef fuse(Program program):
    """Fuses what can be fused. The rules look backward first: what is behind a dropout lets go of
    the relu's output, which a rule of the forward pass needs to be nobody's."""
    cdef Py_ssize_t i, j
    for rule in range(3):
        for i in range(program.count):
            j = 0
            while j >= 0:  # several rules may follow on one product
                j = successor(program, i)
                if j >= 0 and not ((rule == 0 and fuse_backward(program, i, j))
                                   or (rule == 1 and drop_mask(program, i, j))
                                   or (rule == 2 and fuse_forward(program, i, j))):
                    j = -1


cdef Py_ssize_t successor(Program program, Py_ssize_t i):
    """The one instruction after i that reads its output and may be run in its place, or -1."""
    cdef Py_ssize_t k, m, j = -1
    cdef area *out = program.areas + program.steps[i].first
    cdef area *a
    if program.steps[i].gone or program.steps[i].id not in (
            CR_dense_forward, CR_dense_backward_input, CR_dropout_backward):
        return -1
    for k in range(program.count):
        if k == i or program.steps[k].gone:
            continue
        for m in range(program.steps[k].areas):
            a = program.areas + program.steps[k].first + m
            if a.begin < out.end and out.begin < a.end:
                if k < i or (j >= 0 and j != k):
                    return -1
                j = k
    if j < 0 or not alone(program, i, j):
        return -1
    for k in range(i + 1, j):
        if not program.steps[k].gone and program.clash(k, j, False):
            return -1
    return j


cdef bint alone(Program program, Py_ssize_t i, Py_ssize_t j):
    """Whether only instructions i and j hold the array that i writes first."""
    cdef tuple makes = program.held[i]
    cdef tuple takes = program.held[j]
    made_ = makes[0]
    cdef Py_ssize_t own = 1  # this name
    for other in (makes, takes):
        for what in other:
            own += what is made_
    what = None
    return (isinstance(made_, cnp.ndarray)
            and cnp.PyArray_CHKFLAGS(<array> made_, cnp.NPY_ARRAY_OWNDATA)
            and (<PyObject *> made_).ob_refcnt == own)


cdef int follow(Program program, Py_ssize_t i, Py_ssize_t j, const char *access,
                tuple more) except -1:
    """Instruction i writes what j did, reads `more` besides, and j is gone."""
    cdef step *p = program.steps + i
    cdef Py_ssize_t k, first = program.area_count
    cdef Py_ssize_t old = p.first
    cdef Py_ssize_t count = p.areas
    cdef tuple held = (program.held[j][0], *program.held[i][1:], *more)
    cdef bint own_rows = program.areas[old].own_rows
    program.note(b"W" if own_rows else b"w", held[0])
    for k in range(1, count):
        program.room_for_area()
        program.areas[program.area_count] = program.areas[old + k]
        program.area_count += 1
    for k in range(len(more)):
        program.note(access[k], more[k])
    p.first, p.areas = first, program.area_count - first
    p.nanoseconds += program.steps[j].nanoseconds
    program.steps[j].nanoseconds = 0
    (<void **> p.args)[0] = data_ptr(<array> held[0])
    program.held[i] = held
    program.held[j] = ()
    program.steps[j].gone = True
    return 0


cdef bint fuse_forward(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    cdef cr_dense_forward_args *p
    cdef cr_activation_forward_args *q
    cdef cr_dropout_forward_args *d
    if program.steps[i].id != CR_dense_forward:
        return False
    p = <cr_dense_forward_args *> program.steps[i].args
    if p.step != NULL or p.act == CR_SOFTMAX:
        return False
    if program.steps[j].id == CR_activation_forward and p.act == CR_LINEAR:
        q = <cr_activation_forward_args *> program.steps[j].args
        if q.act == CR_SOFTMAX:
            return False
        p.act = q.act
        follow(program, i, j, b"", ())
        return True
    if program.steps[j].id == CR_dropout_forward:
        d = <cr_dropout_forward_args *> program.steps[j].args
        if d.bits != NULL:
            return False
        p.step, p.seed, p.stream = d.step, d.seed, d.stream
        p.threshold, p.scale = d.threshold, d.scale
        follow(program, i, j, b"r", (program.held[j][3],))
        return True
    return False


cdef bint fuse_backward(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    cdef cr_dense_backward_input_args *p
    cdef cr_activation_backward_args *q
    cdef cr_dropout_backward_args *d
    cdef const char *access
    if program.steps[i].id != CR_dense_backward_input:
        return False
    p = <cr_dense_backward_input_args *> program.steps[i].args
    access = b"r" if p.by_columns else b"R"
    if p.y != NULL:
        return False
    if program.steps[j].id == CR_activation_backward:
        q = <cr_activation_backward_args *> program.steps[j].args
        if q.act == CR_SOFTMAX or q.y == p.dx:
            return False
        p.y, p.act = q.y, q.act
        follow(program, i, j, access, (program.held[j][2],))
        return True
    if program.steps[j].id == CR_dropout_backward:
        d = <cr_dropout_backward_args *> program.steps[j].args
        if d.bits != NULL or d.y == p.dx:
            return False
        p.y, p.act, p.scale = d.y, CR_RELU, d.scale
        follow(program, i, j, access, (program.held[j][3],))
        return True
    return False


cdef bint drop_mask(Program program, Py_ssize_t i, Py_ssize_t j) except -1:
    """i goes back through a dropout behind a relu, where y > 0, and j through that relu."""
    cdef cr_activation_backward_args *q
    cdef cr_dropout_forward_args *d
    cdef const void *kept = NULL
    cdef Py_ssize_t k
    if program.steps[j].id != CR_activation_backward:
        return False
    q = <cr_activation_backward_args *> program.steps[j].args
    if q.act != CR_RELU:
        return False
    if program.steps[i].id == CR_dense_backward_input:
        kept = (<cr_dense_backward_input_args *> program.steps[i].args).y
    elif program.steps[i].id == CR_dropout_backward:
        kept = (<cr_dropout_backward_args *> program.steps[i].args).y
    if kept == NULL:
        return False
    for k in range(i):
        if program.steps[k].id == CR_dropout_forward:
            d = <cr_dropout_forward_args *> program.steps[k].args
            if d.y == kept and d.x == q.y and d.bits == NULL:
                follow(program, i, j, b"", ())
                return True
    return False
