# The schedule of a program: its calls as instructions for a team of threads, and their replay.


cdef inline ptrdiff_t team_for(double nanoseconds):
    """How many threads should run a program of so much work."""
    return get_num_threads() if nanoseconds >= MIN_THREADED_PROGRAM else 1


cdef bint must_wait(Program program, Py_ssize_t earlier, Py_ssize_t later,
                    bint between_ranks) noexcept:
    """Whether a call must wait for an earlier one, because one of them writes what the other reads
    or writes. between_ranks: only if a thread must wait for another thread's part of it."""
    cdef recorded_call *p = program.calls + earlier
    cdef recorded_call *q = program.calls + later
    cdef memory_range *a
    cdef memory_range *b
    cdef Py_ssize_t m, n
    if between_ranks and p.nanoseconds == 0 and q.nanoseconds == 0:
        return False  # both are rank 0's
    for m in range(p.range_count):
        a = program.ranges + p.first_range + m
        for n in range(q.range_count):
            b = program.ranges + q.first_range + n
            if ((a.writes or b.writes) and a.begin < b.end and b.begin < a.end
                    and not (between_ranks and a.own_rows and b.own_rows and p.rows == q.rows)):
                return True
    return False


cdef int arrange(Program program, ptrdiff_t team) except -1:
    """Makes the instructions for a team: phases of instructions that need not wait for another
    rank, each with a barrier before it. An instruction moves up to the first phase where all that
    it must wait for has been done."""
    cdef Py_ssize_t i, j, k, done = 0, count = 0, begun, last = 0, room
    cdef bint free
    cdef char *issued
    cdef Py_ssize_t *order
    cdef cr_instruction *instructions
    fuse(program)
    room = max(program.call_count, 1)
    instructions = <cr_instruction *> PyMem_Malloc(room * sizeof(cr_instruction))
    order = <Py_ssize_t *> PyMem_Malloc(room * sizeof(Py_ssize_t))
    issued = <char *> PyMem_Malloc(room)
    if instructions == NULL or order == NULL or issued == NULL:
        PyMem_Free(instructions)
        PyMem_Free(order)
        PyMem_Free(issued)
        raise MemoryError("Program: no memory for the instructions")
    for i in range(program.call_count):
        issued[i] = program.calls[i].absorbed
        count += not issued[i]
    while done < count:
        begun = last = done
        for i in range(program.call_count):
            free = not issued[i]
            for j in range(i if free and team > 1 else 0):
                if not issued[j] and must_wait(program, j, i, False):
                    free = False  # something before it is put off
                    break
            for k in range(begun, done if free and team > 1 else 0):
                if must_wait(program, order[k], i, True):
                    free = False
                    break
            if free:
                order[done] = i
                issued[i] = 1
                instructions[done] = cr_instruction(
                    program.calls[i].kernel, program.calls[i].args,
                    1 if program.calls[i].nanoseconds == 0 else team, done == begun,
                    program.calls[i].skip)
                done += 1
    if count:  # from the end of one run to the beginning of the next
        instructions[0].needs_barrier = False
        for i in range(last, count if team > 1 else 0):
            for j in range(count):
                if j and instructions[j].needs_barrier:
                    break
                if must_wait(program, order[i], order[j], True):
                    instructions[0].needs_barrier = True
    names = [cr_kernel_name(program.calls[order[i]].id).decode() for i in range(count)]
    PyMem_Free(order)
    PyMem_Free(issued)
    PyMem_Free(program.instructions)
    program.instructions, program.instruction_count = instructions, count
    program.instruction_names, program.team = names, team
    return 0


def replay(list sections not None, Py_ssize_t times, Py_ssize_t threads=0):
    """Runs a list of (program, how often) `times` times over; threads as for Program.replay, with
    0: as the program of the most work asks for."""
    cdef Py_ssize_t i, often
    cdef Py_ssize_t count = len(sections)
    cdef Program program
    cdef cr_section *table
    if not threads and count > 1:
        threads = team_for(max(part.work for part, _ in sections))
    table = <cr_section *> PyMem_Malloc(max(count, 1) * sizeof(cr_section))
    if table == NULL:
        raise MemoryError("replay: no memory for a table of programs")
    try:
        for i in range(count):
            program, often = sections[i]
            program.prepare("replay", threads)
            table[i] = cr_section(program.instructions, program.instruction_count, often)
        if count:
            with nogil:
                cr_replay(table, count, times, program.team)
    finally:
        PyMem_Free(table)
    for part, _ in sections:
        raise_out_of_range((<Program> part).out_of_range)
