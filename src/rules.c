/* The table of rules as data: what rules.h says, for Cython to read. */
#include "kernels.h"

#define CR_ROW(unused, rule)                                                        \
    {#rule,                                                                         \
     CR_update_##rule,                                                              \
     CR_HYPER_COUNT(rule),                                                          \
     CR_REQUIRED_SLOTS(rule) + CR_OPTIONAL_SLOTS(rule),                             \
     CR_REQUIRED_SLOTS(rule),                                                       \
     CR_USES_##rule != CR_SELDOM,                                                            \
     {CR_RULE_##rule(CR_QUOTED, CR_NOTHING, CR_NOTHING)},                           \
     {CR_RULE_##rule(CR_NOTHING, CR_QUOTED, CR_QUOTED)}},

#define CR_FITS(unused, rule)                                                       \
    _Static_assert(CR_HYPER_COUNT(rule) <= CR_MAX_HYPER &&                          \
                       CR_REQUIRED_SLOTS(rule) + CR_OPTIONAL_SLOTS(rule) <= CR_MAX_SLOTS, \
                   #rule " has more names than CR_MAX_HYPER or CR_MAX_SLOTS");

CR_RULES(CR_FITS, )

/* Gives the table of rules; returns how many there are. */
int cr_rules(const cr_rule **out)
{
    static const cr_rule table[] = {CR_RULES(CR_ROW, )};
    *out = table;
    return sizeof(table) / sizeof(table[0]);
}
