/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that files and JSON hold alike, in the words of build(). */
#pragma once

/* clang-format off */
#define SAMPLES \
	"address dev=eth0 address=2001:db8::9/128 deprecated=true ours", \
	"nft_table name=linkspan ours", \
	"nft_set name=fwd4 type='ipv4_addr : ipv4_addr' ours", \
	"nft_chain name=forward hook='filter forward 0' policy=drop ours", \
	"nft_element set=fwd4 address=192.0.2.1 protocol=tcp port=80 to=10.0.0.1 to_port=8080 ours", \
	"nft_element set=range6 address=2001:db8::1 protocol=udp port=80 last_port=90 to=2001:db8::2 ours", \
	"nft_element set=closed4 address=192.0.2.1 last=192.0.2.7 ours", \
	"nft_element set=inwards6 prefix=2001:db8:1::/64 to_prefix=2001:db8:2::/64 ours", \
	"nft_element set=routed iif=eth0 oif=eth1 ours", \
	"nft_element set=mss4 iif=eth0 mss=1380 ours", \
	"route to=0.0.0.0/0 via=192.0.2.254 dev=eth0 protocol=108 ours", \
	"route to=2001:db8::/32 via=fe80::1 dev=eth0 protocol=108 ours", \
	"route to=192.0.2.0/24 nexthops='via 10.0.0.1 dev eth0 weight 2, via 10.0.0.2 dev eth1 weight 256' ours", \
	"route to=2001:db8::/32 nexthop=4294967295 ours", \
	"route to=2001:db8::/32 via=fe80::1 dev=eth0 weight=3 ours", \
	"rule family=ipv4 priority=100 from=192.0.2.0/24 to=198.51.100.1/32 iif=eth0 oif=eth1 fwmark=16 fwmask=255 " \
	"uid_start=1000 uid_end=1999 action=lookup table=1000 suppress_prefix_length=0 protocol=108 ours", \
	"rule family=ipv6 priority=0 invert=true l3mdev=true action=other other='tos 0x10' protocol=4", \
	"neighbour dev=eth0 address=192.0.2.9 mac=02:00:5e:00:53:09 protocol=108 ours", \
	"neighbour dev=eth0 address=2001:db8::9 proxy=true router=true protocol=0", \
	"nexthop id=7 type=single family=ipv6 via=fe80::1 dev=eth0 onlink=true protocol=108 ours", \
	"nexthop id=8 type=group members='7*1 9*256' protocol=4 other='attribute 12 00'", \
	"nft_element set=let_in4 prefix=10.0.0.0/8 destination=192.0.2.0/24 protocol=esp ours", \
	"wireguard dev=wg0 public_key=dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= listen_port=51820 fwmark=7 ours", \
	"wg_peer dev=wg0 public_key=dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= endpoint=2001:db8::1 endpoint_port=51820 keepalive=25 endpoint_name=gw.test:51820 endpoint_family=ipv6 " \
	"allowed_ips='10.0.0.0/8 2001:db8::/32' ours", \
	"link name=t0 type=xfrm if_id=1811939329 up=true ours", \
	"xfrm_state dst=2001:db8::1 spi=4294967295 src=2001:db8::2 if_id=7 reqid=1819475969 proposal=aes256-sha256 ours", \
	"xfrm_state dst=192.0.2.1 spi=256 src=192.0.2.2 if_id=0 reqid=1 other='mode 0'", \
	"xfrm_policy direction=out src=::/0 dst=::/0 if_id=7 reqid=1819475969 priority=1000 tunnel_src=192.0.2.1 " \
	"tunnel_dst=192.0.2.2 spi=4097 ours", \
	"xfrm_policy direction=fwd src=10.0.0.0/8 dst=0.0.0.0/0 if_id=0 priority=0 other=block", \
	"dhcp_client dev=eth0 family=ipv4 ours", \
	"dhcp_client dev=eth1 family=ipv6"
/* clang-format on */
