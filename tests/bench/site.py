#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""site.py TENANTS EXTENDED DIR: a site of that many tenants in DIR/site.yaml, and the public keys of its tunnels.

Each tenant has three networks of both families, three replicas, an address of each family, an appliance at the provider
and one for each of EXTENDED networks. The keys are random: nobody has the private ones.
"""

import base64
import os
import sys

tenants, extended, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
gateways = 2 + tenants * extended * 2 // 30000


def auto(link):
    return f"{{ match: {{ name: {link} }}, ipv4: {{ method: auto }}, ipv6: {{ method: auto }} }}"


def head():
    yield "linkspan: 1\nkind: site\nipv6_communication: true\n"
    yield 'public_pool: [100.64.0.0/10, "2001:db8::/32"]\ngateways:\n'
    for i in range(gateways):
        yield f"  gw{i}: {{ mode: nat, dns_name: gw{i}.example, tunnel_ports: 20000-59999, "
        yield f"interfaces: {{ up: {auto('e0')} }} }}\n"
    yield f"gateway_pools: {{ all: [{', '.join(f'gw{i}' for i in range(gateways))}] }}\n"
    yield "hardware_plans: { gold: { networks: { n0: { vlan: 100, internet: true }, n1: { vlan: 101 }, "
    yield "n2: { vlan: 102 } } } }\ntenants:\n"


def tenant(i):
    yield f"  tenant{i}:\n    hardware_plan: gold\n    gateway_pool: all\n    public_ips: {{ ipv4: 1, ipv6: 1 }}\n"
    yield f"    tunnels: {{ key_dir: keys/{i} }}\n    networks:\n"
    for n in range(3):
        yield f"      n{n}: {{ maps_to: n{n}, ipv4: {{ subnet: 10.0.{n}.0/24, gateway: 10.0.{n}.1 }}, "
        yield f'ipv6: {{ subnet: "2001:db8:1:{n}::/64", gateway: "fe80::1" }} }}\n'
    yield "    replicas:\n"
    for n in range(3):
        yield f"      vm{n}: {{ job: cdp, application_aware: true, "
        yield f'detected: {{ n{n}: [10.0.{n}.9, "2001:db8:1:{n}::9"] }} }}\n'
    address = 10 << 24 | 1 << 20 | i + 256
    text = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
    yield f'    appliances:\n      provider:\n        addresses: [{text}, "2001:db8:f::{i + 1:x}"]\n'
    yield f"        interfaces:\n          up: {auto('e0')}\n"
    for n in range(3):
        yield f"          n{n}: {{ match: {{ name: e{n + 1} }} }}\n"
    for n in range(extended):
        yield f"      lan{n}: {{ network: n{n}, interfaces: {{ lan: {auto('e0')} }} }}\n"


with open(f"{directory}/site.yaml", "w", encoding="ascii") as file:
    file.writelines(head())
    for number in range(tenants):
        file.writelines(tenant(number))
for number in range(tenants):
    os.makedirs(f"{directory}/keys/{number}")
    for side in ("provider", "tenant"):
        for n in range(extended):
            for family in ("ipv4", "ipv6"):
                with open(f"{directory}/keys/{number}/{side}-n{n}-{family}.pub", "wb") as file:
                    file.write(base64.b64encode(os.urandom(32)) + b"\n")
