/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from spec to desired set: interfaces are bound to the kernel's names first, since everything else refers to
 * them; then each capability adds its objects. Defaults that the kernel would fill in (metric 1024 of an IPv6 route,
 * say) are filled in here, so that desired and actual can be compared attribute by attribute.
 */
#include "compiler.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *compiler_add(struct compiler *compiler, const struct ls_kind *kind, struct ls_mark mark)
{
	struct ls_object *object = ls_object_new(compiler->set->arena, kind);

	if (!object || ls_set_add_blank(compiler->set, object) < 0) {
		compiler->out_of_memory = true;
		return NULL;
	}
	object->line = mark.line;
	object->column = mark.column;
	return object;
}

void compiler_error(struct compiler *compiler, struct ls_mark mark, const char *id, const char *format, ...)
{
	struct ls_location location = { compiler->spec->file, mark.line, mark.column };
	char message[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	ls_diag_report(compiler->diag, LS_SEVERITY_ERROR, location, id, "%s", message);
}

const char *compiler_device(struct compiler *compiler, const char *interface)
{
	if (compiler->last_name && (compiler->last_name == interface || !strcmp(compiler->last_name, interface)))
		return compiler->last_device;
	for (size_t i = 0; i < compiler->spec->n_interfaces; i++) {
		if (strcmp(compiler->spec->interfaces[i].name, interface) != 0)
			continue;
		compiler->last_name = interface;
		compiler->last_device = compiler->devices[i];
		return compiler->last_device;
	}
	return interface;
}

uint32_t compiler_mtu(const struct compiler *compiler, const struct ls_spec_interface *interface)
{
	return compiler->mtus[interface - compiler->spec->interfaces];
}

bool compiler_has_interface(const struct compiler *compiler, size_t i)
{
	const struct ls_spec *spec = compiler->spec;
	size_t first = spec->n_interfaces - spec->n_tunnels;

	return i < first || ls_spec_has_tunnel(spec, &spec->tunnels[i - first]);
}

/* ---- binding interfaces to links --------------------------------------------------------------------------------- */

static bool has_mac(const struct ls_link *link, unsigned attr, const struct ls_mac *found, const struct ls_mac *mac)
{
	return ls_object_has(&link->object, attr) && !memcmp(found, mac, sizeof(*mac));
}

/* The permanent address identifies a card even when its address was changed. Only links without one (a veth, some
 * virtual cards) are told by their current address, and never those that stand on others and borrow theirs. */
static bool is_the_card(const struct ls_link *link, const struct ls_mac *mac)
{
	bool virtual_link = ls_object_has(&link->object, LS_LINK_TYPE) && strcmp(link->type, "veth") != 0;

	if (ls_object_has(&link->object, LS_LINK_PERMANENT_MAC))
		return has_mac(link, LS_LINK_PERMANENT_MAC, &link->permanent_mac, mac);
	return !virtual_link && link->object.owner != LS_OWNER_OURS && has_mac(link, LS_LINK_MAC, &link->mac, mac);
}

static const char *find_by_mac(struct compiler *compiler, const struct ls_spec_interface *interface)
{
	const struct ls_link *found = NULL;
	char text[LS_MAC_TEXT_MAX];

	for (size_t i = 0; i < compiler->links->n_objects; i++) {
		const struct ls_link *link = (const struct ls_link *)compiler->links->objects[i];

		if (link->object.kind != &ls_kind_link || !is_the_card(link, &interface->match_mac))
			continue;
		if (found) {
			compiler_error(compiler, interface->match_mark, "reference",
				"%s and %s both have the MAC address %s: match by name instead", found->name,
				link->name, ls_mac_format(&interface->match_mac, text));
			return found->name;
		}
		found = link;
	}
	if (!found)
		compiler_error(compiler, interface->match_mark, "reference",
			"no link of this host has the MAC address %s", ls_mac_format(&interface->match_mac, text));
	return found ? found->name : interface->name;
}

static const char *bind_interface(struct compiler *compiler, const struct ls_spec_interface *interface)
{
	if (interface->create != LS_CREATE_NONE)
		return interface->name;
	if (interface->match_name)
		return interface->match_name;
	return compiler->links && interface->has_match_mac ? find_by_mac(compiler, interface) : interface->name;
}

static void bind_interfaces(struct compiler *compiler)
{
	struct ls_arena *arena = compiler->set->arena;

	for (size_t i = 0; i < compiler->spec->n_interfaces; i++) {
		const char *name = bind_interface(compiler, &compiler->spec->interfaces[i]);

		compiler->devices[i] = ls_arena_intern(arena, name, strlen(name));
		compiler->out_of_memory |= !compiler->devices[i];
	}
}

/* ---- what is not there in this mode of failover ------------------------------------------------------------------ */

static bool is_name(const char *link, void *data)
{
	return !strcmp(link, data);
}

static bool is_of_link(const struct ls_object *object, const char *dev)
{
	const struct ls_rule *rule = (const struct ls_rule *)object;

	if (object->kind == &ls_kind_rule)
		return (ls_object_has(object, LS_RULE_IIF) && !strcmp(rule->iif, dev)) ||
		       (ls_object_has(object, LS_RULE_OIF) && !strcmp(rule->oif, dev));
	return ls_object_each_link(object, is_name, (void *)(uintptr_t)dev);
}

/* What the spec has put on a tunnel that is not there: its addresses, routes by it. */
static void leave_out(struct compiler *compiler, const char *dev)
{
	for (size_t i = compiler->set->n_objects; i > 0; i--)
		if (is_of_link(compiler->set->objects[i - 1], dev))
			ls_set_remove(compiler->set, i - 1);
}

static void leave_tunnels_out(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_interfaces; i++)
		if (!compiler_has_interface(compiler, i))
			leave_out(compiler, compiler->devices[i]);
}

int ls_compile(const struct ls_spec *spec, const struct ls_set *links, struct ls_set *ret, struct ls_diag *diag)
{
	struct compiler compiler = { .spec = spec, .links = links, .set = ret, .diag = diag };
	size_t n_errors = diag->n_errors;

	compiler.devices = ls_arena_alloc(ret->arena, (spec->n_interfaces + 1) * sizeof(*compiler.devices));
	compiler.mtus = ls_arena_alloc(ret->arena, (spec->n_interfaces + 1) * sizeof(*compiler.mtus));
	if (!compiler.devices || !compiler.mtus)
		return -ENOMEM;
	bind_interfaces(&compiler);
	if (!compiler.out_of_memory) {
		compile_mtus(&compiler);
		compile_interfaces(&compiler);
		compile_neighbours(&compiler);
		compile_nexthops(&compiler);
		compile_routes(&compiler);
		compile_rules(&compiler);
		compile_sysctls(&compiler);
		compile_nat(&compiler);
		compile_tunnels(&compiler);
		compile_failover(&compiler);
		leave_tunnels_out(&compiler);
	}
	if (compiler.out_of_memory)
		return -ENOMEM;
	ls_set_sort(ret);
	return diag->n_errors > n_errors ? -EINVAL : 0;
}
