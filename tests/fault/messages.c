/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that the kernel refuses, and answers that never arrive. */
#include "fault.h"

TestSuite(messages, .init = fault_begin, .fini = fault_end);

/* Refused in the middle of whatever batch it is in, at every one of them. */
Test(messages, refused_change_is_taken_back_from_nothing)
{
	sweep_run(&(struct sweep){ &from_nothing, "spoil", "change", ENDS_BEFORE, NULL, 60 });
}

Test(messages, refused_change_is_taken_back_from_a_to_b)
{
	sweep_run(&(struct sweep){ &from_a_to_b, "spoil", "change", ENDS_BEFORE, NULL, 60 });
}

/* One for each batch, and a batch for each group of steps. */
Test(messages, lost_acknowledgement_is_looked_up_from_nothing)
{
	sweep_run(&(struct sweep){ &from_nothing, "drop", "ack", ENDS_AFTER, NULL, 8 });
}

Test(messages, lost_acknowledgement_is_looked_up_from_a_to_b)
{
	sweep_run(&(struct sweep){ &from_a_to_b, "drop", "ack", ENDS_AFTER, NULL, 8 });
}

Test(messages, overrun_is_looked_up_from_nothing)
{
	sweep_run(&(struct sweep){ &from_nothing, "nobufs", "receive", ENDS_AFTER, NULL, 8 });
}

Test(messages, overrun_is_looked_up_from_a_to_b)
{
	sweep_run(&(struct sweep){ &from_a_to_b, "nobufs", "receive", ENDS_AFTER, NULL, 8 });
}
