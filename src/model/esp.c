/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transforms of ESP that go with manual keys, and how large a packet they let pass. */
#include <linkspan/model.h>

#include <string.h>
#include <sys/socket.h>

#define ESP_HEADER 8u  /* SPI and sequence number */
#define ESP_TRAILER 2u /* pad length and next header */
#define IPV4_HEADER 20u
#define IPV6_HEADER 40u

const struct ls_esp_proposal ls_esp_proposals[] = {
	{ "aes128-sha256", 16, 32, 16, "hmac(sha256)" },
	{ "aes192-sha256", 24, 32, 16, "hmac(sha256)" },
	{ "aes256-sha256", 32, 32, 16, "hmac(sha256)" },
	{ "aes128-sha384", 16, 48, 24, "hmac(sha384)" },
	{ "aes192-sha384", 24, 48, 24, "hmac(sha384)" },
	{ "aes256-sha384", 32, 48, 24, "hmac(sha384)" },
	{ "aes128-sha512", 16, 64, 32, "hmac(sha512)" },
	{ "aes192-sha512", 24, 64, 32, "hmac(sha512)" },
	{ "aes256-sha512", 32, 64, 32, "hmac(sha512)" },
	{ 0 },
};

const struct ls_esp_proposal *ls_esp_proposal_by_name(const char *name)
{
	for (const struct ls_esp_proposal *proposal = ls_esp_proposals; proposal->name; proposal++)
		if (!strcmp(proposal->name, name))
			return proposal;
	return NULL;
}

uint32_t ls_esp_room(const struct ls_esp_proposal *proposal, uint8_t outer, uint32_t mtu)
{
	uint32_t around =
		(outer == AF_INET ? IPV4_HEADER : IPV6_HEADER) + ESP_HEADER + LS_ESP_IV + (uint32_t)proposal->icv;

	return mtu < around + LS_ESP_IV ? 0 : (mtu - around) / LS_ESP_IV * LS_ESP_IV - ESP_TRAILER;
}
