# The move of the weights between the two gradients of a sharpness-aware step.


cdef int place_ascent(cr_ascent_args *g, Segments segments, str who) except -1:
    """Puts down the segments, whose only slot takes what the weights are."""
    for slots in segments.slots:
        if len(slots) != 1 or slots[0] is None:
            raise ValueError(f"{who}: expected what is saved as the only slot of each weight, "
                             f"received {len(slots)} slots")
    memset(g, 0, sizeof(g[0]))
    g.segments, g.count, g.blocks = segments.table, segments.count, segments.blocks
    return 0


def ascend_weights(Segments segments not None, double rho, sums, bint adaptive=False,
                   double eta=0.0):
    """Saves the weights in their only slots and moves them by rho along the gradients, all
    together, to where the loss is worst near by; adaptive: the move of each weight is scaled by
    (|w| + eta)^2. sums (blocks,) is scratch."""
    cdef str who = "ascend_weights"
    cdef cr_ascent_args g
    place_ascent(&g, segments, who)
    g.gradients = segments.gradients.places
    g.sums = doubles(sums, segments.blocks, who, "sums")
    g.rho, g.eta, g.adaptive = rho, eta, adaptive
    launch(CR_ascent_norms, segments.dtype, &g, sizeof(g), 0.15 * segments.elements(), 0,
           b"gwr", (segments, sums, segments.gradients))
    launch(CR_ascend_weights, segments.dtype, &g, sizeof(g), 0.3 * segments.elements(), 0,
           b"srr", (segments, sums, segments.gradients))


def restore_weights(Segments segments not None):
    """Puts the weights back that `ascend_weights` has saved."""
    cdef cr_ascent_args g
    place_ascent(&g, segments, "restore_weights")
    launch(CR_restore_weights, segments.dtype, &g, sizeof(g), 0.15 * segments.elements(), 0,
           b"s", (segments,))
