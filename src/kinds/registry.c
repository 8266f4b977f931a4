/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds there are. Another kind is a file and a line here. */
#include <linkspan/model.h>

const struct ls_kind *const ls_kinds[] = {
	&ls_kind_link,
	&ls_kind_nft_table,
	&ls_kind_nft_set,
	&ls_kind_nft_chain,
	&ls_kind_nft_rule,
	&ls_kind_nft_element,
	&ls_kind_sysctl,
	&ls_kind_wireguard,
	&ls_kind_wg_peer,
	&ls_kind_xfrm_state,
	&ls_kind_xfrm_policy,
	&ls_kind_dhcp_client,
	&ls_kind_address,
	&ls_kind_neighbour,
	&ls_kind_nexthop,
	&ls_kind_route,
	&ls_kind_rule,
	NULL,
};
