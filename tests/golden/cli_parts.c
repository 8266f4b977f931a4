/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the golden tests need of the program itself: how it reads snapshots and prints steps. */
#include "../../src/cli/output.c"
#include "../../src/cli/plan_text.c"
#include "../../src/cli/protocol.c"
#include "../../src/cli/json_walk.c"
#include "../../src/cli/snapshot_json.c"
