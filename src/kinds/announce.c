/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcements, and questions. When an address moves here, neighbours still have the MAC address of the host that had
 * it, for minutes on routers: these frames correct them. The kernel sends none for addresses that are added
 * (arp_notify, ndisc_notify are off by default, and only speak when a link comes up).
 *
 * A gratuitous ARP is a request here, with the address as sender and as target: every implementation looks at the
 * sender of a request, while some ignore replies that they have not asked for.
 */
#include "driver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define PAUSE_MS 30 /* between rounds: a burst that loses one frame should not lose the next */
#define ICMPV6 58u
#define ROUTER_SOLICITATION 133u     /* RFC 4861, section 4.1 */
#define NEIGHBOUR_ADVERTISEMENT 136u /* RFC 4861, section 4.4 */
#define OVERRIDE 0x20u
#define ROUTER 0x80u
#define TARGET_LINK_ADDRESS 2u

struct arp_frame {
	uint8_t to[ETH_ALEN], from[ETH_ALEN];
	uint16_t type;
	uint16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	uint8_t sender_mac[ETH_ALEN], sender[4], target_mac[ETH_ALEN], target[4];
} __attribute__((packed));

struct advertisement {
	uint8_t type, code;
	uint16_t checksum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
	uint8_t option, option_length; /* in units of 8 bytes */
	uint8_t mac[ETH_ALEN];
} __attribute__((packed));

struct ipv6_frame {
	uint8_t to[ETH_ALEN], from[ETH_ALEN];
	uint16_t type;
	uint8_t version, unused[3];
	uint16_t length;
	uint8_t next, hop_limit;
	uint8_t source[16], destination[16];
	struct advertisement advertisement;
} __attribute__((packed));

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static void make_arp(struct arp_frame *frame, const uint8_t mac[static ETH_ALEN], const struct ls_ip *address)
{
	*frame = (struct arp_frame){
		.type = htons(ETH_P_ARP),
		.hardware = htons(ARPHRD_ETHER),
		.protocol = htons(ETH_P_IP),
		.hardware_length = ETH_ALEN,
		.protocol_length = 4,
		.operation = htons(ARPOP_REQUEST),
	};
	memset(frame->to, 0xff, ETH_ALEN);
	memcpy(frame->from, mac, ETH_ALEN);
	memcpy(frame->sender_mac, mac, ETH_ALEN);
	memcpy(frame->sender, address->bytes, 4);
	memcpy(frame->target, address->bytes, 4);
}

static uint32_t sum(uint32_t total, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		total += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return total;
}

/* RFC 4443, section 2.3: over a pseudo header of addresses, length and next header, and the message. */
static uint16_t checksum_of(const struct ipv6_frame *frame)
{
	uint32_t total = sum(0, frame->source, sizeof(frame->source));

	total = sum(total, frame->destination, sizeof(frame->destination));
	total = sum(total, &frame->advertisement, sizeof(frame->advertisement));
	total += (uint32_t)sizeof(frame->advertisement) + ICMPV6;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static void make_advertisement(
	struct ipv6_frame *frame, const uint8_t mac[static ETH_ALEN], const struct ls_ip *address, bool router)
{
	*frame = (struct ipv6_frame){
		.to = { 0x33, 0x33, 0, 0, 0, 1 }, /* RFC 2464, section 7 */
		.type = htons(ETH_P_IPV6),
		.version = 6 << 4,
		.length = htons(sizeof(frame->advertisement)),
		.next = ICMPV6,
		.hop_limit = 255,
		.destination = { 0xff, 0x02, [15] = 1 },
		.advertisement = {
			.type = NEIGHBOUR_ADVERTISEMENT,
			.flags = (uint8_t)(OVERRIDE | (router ? ROUTER : 0)),
			.option = TARGET_LINK_ADDRESS,
			.option_length = 1,
		},
	};
	memcpy(frame->from, mac, ETH_ALEN);
	memcpy(frame->source, address->bytes, 16);
	memcpy(frame->advertisement.target, address->bytes, 16);
	memcpy(frame->advertisement.mac, mac, ETH_ALEN);
	frame->advertisement.checksum = checksum_of(frame);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* The link's index and MAC address; false: nobody can be told anything over it. */
static bool ask_link(int fd, const char *dev, int *ret_index, uint8_t mac[static ETH_ALEN])
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0 || !(request.ifr_flags & IFF_UP) || request.ifr_flags & IFF_NOARP)
		return false;
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0 || request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return false;
	*ret_index = request.ifr_ifindex;
	return true;
}

static bool forwards_ipv6(const char *dev)
{
	LS_CLEANUP(ls_free) char *value = NULL;
	char path[64];
	size_t length;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", dev);
	return ls_file_read(path, 16, &value, &length, NULL) >= 0 && *value == '1';
}

static bool is_of_host(const struct ls_ip *address)
{
	static const struct ls_ip loopback = { AF_INET6, { [15] = 1 } };

	return address->family == AF_INET ? address->bytes[0] == 127 : !memcmp(address, &loopback, sizeof(loopback));
}

/* A link that refuses (it lost its carrier) is no reason not to tell the others. */
static void announce_one(int fd, const struct ls_announcement *announcement)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	uint8_t mac[ETH_ALEN];
	struct ipv6_frame advertisement;
	struct arp_frame arp;

	if (is_of_host(&announcement->address) || !ask_link(fd, announcement->dev, &to.sll_ifindex, mac))
		return;
	if (announcement->address.family == AF_INET) {
		make_arp(&arp, mac, &announcement->address);
		(void)sendto(fd, &arp, sizeof(arp), 0, (const struct sockaddr *)&to, sizeof(to));
	} else {
		make_advertisement(&advertisement, mac, &announcement->address,
			announcement->proxy ? announcement->router : forwards_ipv6(announcement->dev));
		(void)sendto(fd, &advertisement, sizeof(advertisement), 0, (const struct sockaddr *)&to, sizeof(to));
	}
}

int ls_announce(const struct ls_announcement *list, size_t n, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = -1;

	if (!n)
		return 0;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: it receives nothing */
	if (fd < 0)
		return ls_error_set(err, -errno, "cannot open a packet socket: %s", strerror(errno));
	for (unsigned round = 0; round < LS_ANNOUNCEMENTS; round++) {
		for (size_t i = 0; i < n; i++)
			announce_one(fd, &list[i]);
		if (round + 1 < LS_ANNOUNCEMENTS)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
	}
	return 0;
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

/* The kernel fills in the checksum and the source, which is the link-local address. */
void ls_solicit_routers(const struct ls_kernel *kernel, const char *dev)
{
	const uint8_t message[8] = { ROUTER_SOLICITATION };
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_addr.s6_addr = { 0xff, 0x02, [15] = 2 }, /* all routers */
		.sin6_scope_id = ls_kernel_link_index(kernel, dev),
	};
	LS_CLEANUP(ls_close) int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int hops = 255; /* RFC 4861, 6.1.1: routers discard others */

	if (fd >= 0 && to.sin6_scope_id && setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) == 0)
		(void)sendto(fd, message, sizeof(message), 0, (const struct sockaddr *)&to, sizeof(to));
}
