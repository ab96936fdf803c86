# Penalties, clipping and optimizer updates over the variables of a model.


cdef class Rule:
    """A row of the table of rules, see rules.h. The first `required` of the slots (state arrays)
    belong to every variable, the others only where an option asks for them."""
    cdef readonly str name
    cdef readonly tuple hyperparameters, slots
    cdef readonly int required
    cdef readonly bint proximal  # whether it has the proximal stage
    cdef int kernel

    def __repr__(self):
        return f"Rule({self.name!r}, hyperparameters={self.hyperparameters}, slots={self.slots})"


cdef dict rules_by_name():
    """The table of rules.h, as Rules by name."""
    cdef const cr_rule *table
    cdef Rule rule
    cdef int i, j, count = cr_rules(&table)
    found = {}
    for i in range(count):
        rule = Rule.__new__(Rule)
        rule.name = table[i].name.decode()
        rule.hyperparameters = tuple([table[i].hyper[j].decode() for j in range(table[i].hypers)])
        rule.slots = tuple([table[i].slot[j].decode() for j in range(table[i].slots)])
        rule.required = table[i].required_slots
        rule.kernel = table[i].kernel
        rule.proximal = table[i].proximal
        found[rule.name] = rule
    return found


RULES = rules_by_name()


cdef Rule rule_named(object name, str who):
    if name not in RULES:
        raise ValueError(f"{who}: expected a rule of {sorted(RULES)}, received {name!r}")
    return RULES[name]


SCALINGS = {"plain": CR_PLAIN, "capped": CR_CAPPED, "adaptive": CR_ADAPTIVE}


cdef class Hyper:
    """The numbers that an update reads at every step, see cr_hyper.

    rule: a name in RULES, or None for the common ones alone; own: that rule's hyperparameters by
    name, 0 where left out, read and set as ``hyper[name]``. clipvalue: infinity for no clipping,
    which None stands for here. accumulation: how many steps make one update.
    """
    cdef cr_hyper c
    cdef readonly Rule rule

    def __init__(self, rule=None, double learning_rate=0.0, clipvalue=None, int64_t step=0, **own):
        memset(&self.c, 0, sizeof(self.c))
        self.rule = None if rule is None else rule_named(rule, "Hyper")
        self.c.learning_rate = learning_rate
        self.c.clipvalue = INFINITY if clipvalue is None else clipvalue
        self.c.step = step
        self.c.accumulation = 1
        for name, value in own.items():
            self[name] = value

    def __reduce__(self):
        name = None if self.rule is None else self.rule.name
        own = [self.c.own[i] for i in range(CR_MAX_HYPER)]
        return hyper_again, (name, self.c.learning_rate, self.c.clipvalue, self.c.step, own,
                             self.c.accumulation)

    cdef int place(self, object name) except -1:
        known = () if self.rule is None else self.rule.hyperparameters
        if name not in known:
            raise KeyError(f"Hyper: expected a hyperparameter of {list(known)}, received {name!r}")
        return known.index(name)

    def __contains__(self, name):
        return self.rule is not None and name in self.rule.hyperparameters

    def get(self, name):
        """The hyperparameter of this name; 0 if the rule has none."""
        return self[name] if name in self else 0.0

    def __getitem__(self, name):
        return self.c.own[self.place(name)]

    def __setitem__(self, name, double value):
        self.c.own[self.place(name)] = value

    @property
    def learning_rate(self):
        return self.c.learning_rate

    @learning_rate.setter
    def learning_rate(self, double value):
        self.c.learning_rate = value

    @property
    def clipvalue(self):
        return self.c.clipvalue

    @clipvalue.setter
    def clipvalue(self, double value):
        self.c.clipvalue = value

    @property
    def step(self):
        return self.c.step

    @step.setter
    def step(self, int64_t value):
        self.c.step = value

    @property
    def accumulation(self):
        return self.c.accumulation

    @accumulation.setter
    def accumulation(self, int64_t value):
        if value < 1:
            raise ValueError(f"Hyper: expected accumulation >= 1, received {value}")
        self.c.accumulation = value


def hyper_again(rule, learning_rate, clipvalue, step, own, accumulation=1):
    """A Hyper out of a pickle."""
    cdef Hyper made = Hyper(rule, learning_rate, clipvalue, step)
    made.c.own = own
    made.accumulation = accumulation
    return made


cdef class Gradients:
    """Where the gradients of some variables are. A recorded call keeps one of these, which then
    does not change any more."""
    cdef const void **places
    cdef list arrays
    cdef bint kept

    def __cinit__(self, list arrays):
        cdef Py_ssize_t i
        cdef array gradient
        self.arrays = list(arrays)
        self.places = <const void **> PyMem_Malloc(max(len(arrays), 1) * sizeof(void *))
        if self.places == NULL:
            raise MemoryError("Segments: no memory for the table of gradients")
        for i in range(len(arrays)):
            gradient = arrays[i]
            self.places[i] = data_ptr(gradient)

    def __dealloc__(self):
        PyMem_Free(self.places)


cdef class Segments:
    """The variables of one model, as the sweeps see them.

    weights: arrays of one float dtype, contiguous and writeable; slots: for each weight a tuple of
    its state arrays in the order of the rule's slots, None where an optional one is not wanted;
    l1, l2, decay, rate: one number a weight, 0 (a rate: 1) where left out. proximal: for each
    weight None, or (l1, l2, a name in SCALINGS). The arrays stay alive and must not be resized.
    """
    cdef cr_segment *table
    cdef readonly Py_ssize_t count, blocks
    cdef readonly int dtype
    cdef readonly list weights, slots
    cdef Gradients gradients
    cdef bint proximal  # whether any has the proximal stage
    cdef object sums  # scratch of `follow_directions`, or None
    cdef Rule rule  # the last one whose needs the slots were found to meet

    def __cinit__(self, weights, slots=None, l1=None, l2=None, decay=None, rate=None,
                  proximal=None):
        cdef str who = "Segments"
        cdef Py_ssize_t i, j
        cdef cr_segment *s
        cdef array w, a
        self.count = len(weights)
        self.weights = list(weights)
        self.slots = [()] * self.count if slots is None else list(map(tuple, slots))
        self.gradients = Gradients([None] * self.count)
        self.table = <cr_segment *> PyMem_Malloc(max(self.count, 1) * sizeof(cr_segment))
        if self.table == NULL:
            raise MemoryError("Segments: no memory for the table of variables")
        memset(self.table, 0, max(self.count, 1) * sizeof(cr_segment))
        self.dtype = dtype_of(self.weights[0], who, "weights") if self.count else 0
        self.blocks = 0
        if len(self.slots) != self.count:
            raise ValueError(f"{who}: expected slots for {self.count} weights, received "
                             f"{len(self.slots)}")
        for i in range(self.count):
            w = as_input(self.weights[i], self.dtype, -1, who, f"weights[{i}]")
            if w is not self.weights[i] or not cnp.PyArray_ISCARRAY(w):
                raise TypeError(f"{who}: expected weights[{i}] contiguous and writeable")
            s = self.table + i
            s.w = data_ptr(w)
            s.n = cnp.PyArray_SIZE(w)
            s.l1 = 0.0 if l1 is None else l1[i]
            s.l2 = 0.0 if l2 is None else l2[i]
            s.decay = 0.0 if decay is None else decay[i]
            s.rate = 1.0 if rate is None else rate[i]
            if proximal is not None and proximal[i] is not None:
                s.proximal_l1, s.proximal_l2, scaling = proximal[i]
                s.scaling = SCALINGS[scaling]
                self.proximal = True
            self.blocks += max((s.n + CR_BLOCK - 1) // CR_BLOCK, 1)
            if len(self.slots[i]) > CR_MAX_SLOTS:
                raise ValueError(f"{who}: expected at most {CR_MAX_SLOTS} slots a weight, received "
                                 f"{len(self.slots[i])}")
            for j in range(len(self.slots[i])):
                if self.slots[i][j] is not None:
                    a = as_output_like(self.slots[i][j], w, self.dtype, who, f"slots[{i}][{j}]")
                    s.slot[j] = data_ptr(a)

    def __dealloc__(self):
        PyMem_Free(self.table)

    def set_gradient(self, Py_ssize_t i, gradient):
        """The gradient of weight i: an array of its shape and dtype, or None for zero."""
        cdef array g = None
        if not 0 <= i < self.count:
            raise IndexError(f"Segments: no weight {i} of {self.count}")
        if gradient is self.gradients.arrays[i]:
            return
        if gradient is not None:
            g = as_input(gradient, self.dtype, -1, "Segments", f"gradient {i}")
            same_shape(g, self.weights[i], "Segments", f"gradient {i}")
        if self.gradients.kept:
            self.gradients = Gradients(self.gradients.arrays)
        self.gradients.arrays[i] = g
        self.gradients.places[i] = data_ptr(g)

    def blocks_of(self, Py_ssize_t i):
        """(first, end): which blocks of all are those of weight i."""
        if not 0 <= i < self.count:
            raise IndexError(f"Segments: no weight {i} of {self.count}")
        cdef Py_ssize_t j, n, first = 0, end = 0
        for j in range(i + 1):
            n = self.table[j].n
            first, end = end, end + max((n + CR_BLOCK - 1) // CR_BLOCK, 1)
        return first, end

    cdef double elements(self) noexcept:
        cdef Py_ssize_t i
        cdef double n = 0
        for i in range(self.count):
            n += self.table[i].n
        return n


cdef double *doubles(object value, Py_ssize_t n, str who, str what) except? NULL:
    if (not isinstance(value, cnp.ndarray) or cnp.PyArray_TYPE(<array> value) != cnp.NPY_FLOAT64
            or not cnp.PyArray_ISCARRAY(<array> value) or cnp.PyArray_SIZE(<array> value) != n):
        raise ValueError(f"{who}: expected {what} as a contiguous float64 array of {n} elements")
    return <double *> data_ptr(value)


cdef check_slots(Rule rule, Segments segments):
    must = tuple(range(rule.required))
    may = tuple(range(rule.required, len(rule.slots)))
    have = [{j for j, a in enumerate(slots) if a is not None} for slots in segments.slots]
    for i in range(segments.count):
        if not set(must) <= have[i] <= {*must, *may} or have[i] != have[0]:
            raise ValueError(f"update: expected state arrays {must} (and any of {may}) for rule "
                             f"{rule.name!r}, whose slots are {', '.join(rule.slots) or 'none'}, "
                             f"the same for all weights; received {sorted(have[i])} for weight {i}")
    if segments.proximal and not rule.proximal:
        raise ValueError(f"update: expected a rule with a proximal stage, received {rule.name!r}")
    segments.rule = rule


def update(Segments segments not None, Hyper hyper not None, penalty, scales=None, rule=None,
           bint counted=True):
    """One step of hyper's rule over all segments; hyper.step counts it, if `counted`. penalty
    (blocks,) float64 takes the penalty of each block before the step; scales (count,) float64 or
    None multiplies the gradients. rule: a name in RULES, whose hyperparameters are the first ones
    of hyper's rule."""
    cdef cr_update_args g
    if hyper.rule is None:
        raise ValueError("update: expected the Hyper of a rule, received one without")
    cdef Rule own = hyper.rule if rule is None else rule_named(rule, "update")
    if segments.rule is not own:
        check_slots(own, segments)
    g.segments, g.count, g.blocks = segments.table, segments.count, segments.blocks
    g.gradients = segments.gradients.places
    g.hyper = &hyper.c
    g.penalty = doubles(penalty, segments.blocks, "update", "penalty")
    g.scales = NULL if scales is None else doubles(scales, segments.count, "update", "scales")
    launch(own.kernel, segments.dtype, &g, sizeof(g), 0.5 * segments.elements(), 0,
           b"srwrr", (segments, hyper, penalty, scales, segments.gradients))
    if counted:
        launch_increment(&hyper.c.step, 1, hyper)


def penalty(Segments segments not None, sums):
    """l1*sum|w| + l2*sum(w*w) of each block into sums (blocks,) float64."""
    cdef cr_sums_args g
    g.segments, g.count, g.blocks = segments.table, segments.count, segments.blocks
    g.gradients = NULL
    g.sums = doubles(sums, segments.blocks, "penalty", "sums")
    launch(CR_penalty, segments.dtype, &g, sizeof(g), 0.1 * segments.elements(), 0,
           b"gw", (segments, sums))


def clip_scales(Segments segments not None, double limit, bint by_global_norm, scales, sums):
    """The factors (count,) that bring each gradient's norm, or with by_global_norm the norm of all
    of them together, under limit. sums (blocks,) is scratch."""
    cdef cr_sums_args g
    cdef cr_clip_scales_args c
    g.segments, g.count, g.blocks = segments.table, segments.count, segments.blocks
    g.gradients = segments.gradients.places
    g.sums = doubles(sums, segments.blocks, "clip_scales", "sums")
    c.scales = doubles(scales, segments.count, "clip_scales", "scales")
    c.segments, c.count, c.sums, c.limit = g.segments, g.count, g.sums, limit
    c.by_global_norm = by_global_norm
    launch(CR_gradient_norms, segments.dtype, &g, sizeof(g), 0.15 * segments.elements(), 0,
           b"gwr", (segments, sums, segments.gradients))
    launch(CR_clip_scales, segments.dtype, &c, sizeof(c), 0, 0, b"gwr",
           (segments, scales, sums))


def penalty_backward(w, double l1, double l2, factor, out=None):
    """factor * (l1*sign(w) + 2*l2*w), factor a 0-d array."""
    cdef str who = "penalty_backward"
    cdef cr_penalty_backward_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array w_ = as_input(w, dtype, -1, who, "w")
    cdef array f = as_input(factor, dtype, 0, who, "factor")
    cdef array dw = output_like(out, w_, dtype, who)
    g.dw, g.w, g.factor, g.n = data_ptr(dw), data_ptr(w_), data_ptr(f), cnp.PyArray_SIZE(w_)
    g.l1, g.l2 = l1, l2
    launch(CR_penalty_backward, dtype, &g, sizeof(g), 0.1 * g.n, 0, b"wrr", (dw, w_, f))
    return dw
