# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what is set by those that read this in
#
# What the benchmarks share: taking figures, and printing them beside their limits. Whoever reads this in sets
#   bin       the directory of measure (tests/bench/measure.c)
#   linkspan  the program
#   work      a directory; its file `times` holds the figures
#   state     the state directory of the moment

# shellcheck disable=SC2034 # used by those that read this in
our_group=$((0x6c73)) # LS_MARK_LINK_GROUP

die() {
	echo "bench: $*" >&2
	exit 1
}

# ---- taking ----------------------------------------------------------------------------------------------------------

timed() { # NAME COMMAND...
	"$bin/measure" "$work/times" "$@" >/dev/null
}

# Sends that are no requests for a dump, for the number of the nftables ruleset or for that of a generic netlink family
# (0x10), and sysctls opened for writing. strace does not know what the first message of a socket means: it shows
# NLM_F_DUMP as 0x300 there, NFT_MSG_GETGEN as 0xa10.
count_sent() { # LINKSPAN_ARGUMENT...
	strace -f -qq -o "$work/trace" -e trace=sendmsg,sendto,openat "$linkspan" --state-dir "$state" "$@" >/dev/null
	awk '/AF_NETLINK/ && !/NLM_F_DUMP|\|0x300|NFT_MSG_GETGEN|nlmsg_type=0xa?10 / { n++ }
		/openat\(.*"(\/proc\/sys\/)?net\/.*O_(WRONLY|RDWR)/ { n++ }
		END { print n + 0 }' "$work/trace"
}

# In what count_sent has counted, all together.
bytes_sent() {
	awk '/AF_NETLINK/ && !/NLM_F_DUMP|\|0x300|NFT_MSG_GETGEN|nlmsg_type=0xa?10 / && match($0, /= [0-9]+$/) {
			n += substr($0, RSTART + 2)
		}
		END { print n + 0 }' "$work/trace"
}

# ---- printing --------------------------------------------------------------------------------------------------------

median() { # NAME [COLUMN]: 2 seconds, 3 KiB, 4 seconds of the processor
	awk -v name="$1" -v column="${2:-2}" '$1 == name { print $column }' "$work/times" | sort -n |
		awk '{ v[NR] = $1 } END { if (!NR) exit 1; print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

compute() { # EXPRESSION: with the arguments after it as a, b, c, d
	awk -v a="${2:-0}" -v b="${3:-0}" -v c="${4:-0}" -v d="${5:-0}" "BEGIN { printf \"%.6f\", $1 }"
}

# A figure with a limit: marked when it is over. "<": must be below it, not at it.
ratio() { # TEXT VALUE LIMIT
	awk -v text="$1" -v value="$2" -v limit="$3" 'BEGIN {
		strict = sub(/^</, "", limit)
		over = strict ? value >= limit + 0 : value > limit + 0
		printf "%s %-56s %10s %10s\n", over ? "!" : " ", text,
			value == int(value) ? value : sprintf("%.2f", value), (strict ? "< " : "") limit
	}'
}

seconds() { # TEXT NAME
	awk -v text="$1" -v value="$(median "$2")" -v cpu="$(median "$2" 4)" 'BEGIN {
		digits = value < 0.1 ? 4 : 3
		printf "  %-56s %8.*f s %8.*f s\n", text, digits, value, digits, cpu
	}'
}

heading() {
	printf '\n  %-56s %10s %10s\n' "$1" "${2:-}" "${3:-}"
}
