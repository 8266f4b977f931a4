/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/model.h>

#include <criterion/criterion.h>
#include <sys/socket.h>

/* As measured with real packets, and by RFC 4303: 16 bytes of IV, whole blocks of 16, two of them the trailer's. */
Test(esp, room_is_what_fits)
{
	const struct ls_esp_proposal *proposal = ls_esp_proposal_by_name("aes256-sha256");

	cr_assert_not_null(proposal);
	cr_expect_eq(ls_esp_room(proposal, AF_INET, 1500), 1438);
	cr_expect_eq(ls_esp_room(proposal, AF_INET6, 1500), 1406);
	cr_expect_eq(ls_esp_room(proposal, AF_INET, 1500 - 8), 1422, "in UDP");
	cr_expect_eq(ls_esp_room(proposal, AF_INET, 1515), 1438);
	cr_expect_eq(ls_esp_room(proposal, AF_INET, 1516), 1454);
	cr_expect_eq(ls_esp_room(proposal, AF_INET, 75), 0);
	cr_expect_eq(ls_esp_room(proposal, AF_INET, 76), 14);
	cr_expect_eq(ls_esp_room(ls_esp_proposal_by_name("aes128-sha512"), AF_INET, 1500), 1422);
}

/* RFC 3602, RFC 4868: keys as long as the hash, of which half is sent. */
Test(esp, proposals_have_the_lengths_of_their_names)
{
	const struct ls_esp_proposal *proposal = ls_esp_proposal_by_name("aes192-sha384");

	cr_assert_not_null(proposal);
	cr_expect(proposal->encryption == 24 && proposal->integrity == 48 && proposal->icv == 24);
	cr_expect_str_eq(proposal->integrity_name, "hmac(sha384)");
	cr_expect_null(ls_esp_proposal_by_name("aes256gcm16"));
	for (proposal = ls_esp_proposals; proposal->name; proposal++)
		cr_expect_leq(proposal->encryption + proposal->integrity, LS_SECRET_SIZE_MAX);
}
