/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan schema: the tables of keys as JSON Schema (draft 2020-12), for editors and for programs that write specs.
 * Sorts of texts become $defs, since their patterns are long and repeat; mappings stand where they are used. What keys
 * a variant must and may have (a bridge its ports) becomes an if and then for each of its words.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

static json_t *value_to_json(json_t *defs, const struct ls_form *form);

/* ---- scalars ----------------------------------------------------------------------------------------------------- */

static json_t *number_to_json(const struct ls_form *form)
{
	if (form->min == form->max)
		return json_pack("{s:I}", "const", (json_int_t)form->min);
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)form->min, "maximum",
		(json_int_t)form->max);
}

static json_t *words_to_json(const struct ls_form *form)
{
	json_t *words = json_array();

	for (const struct ls_word *word = form->words; word && word->word; word++)
		json_array_append_new(words, json_string(word->word));
	return json_pack("{s:o}", "enum", words);
}

static json_t *sort_to_json(const struct ls_form *form)
{
	json_t *json = form->or_number ? json_pack("{s:[s, s]}", "type", "string", "number")
				       : json_pack("{s:s}", "type", "string");

	if (form->pattern)
		json_object_set_new(json, "pattern", json_string(form->pattern));
	if (form->length_max)
		json_object_set_new(json, "maxLength", json_integer(form->length_max));
	if (form->about)
		json_object_set_new(json, "description", json_string(form->about));
	return json;
}

static json_t *text_to_json(json_t *defs, const struct ls_form *form)
{
	if (!form->name)
		return sort_to_json(form);
	if (!json_object_get(defs, form->name))
		json_object_set_new(defs, form->name, sort_to_json(form));
	return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", form->name));
}

/* `text` has ' for ". NULL: out of memory. */
static json_t *load_rules(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	if (!copy)
		return NULL;
	for (char *at = strchr(copy, '\''); at; at = strchr(at, '\''))
		*at = '"';
	json = json_loads(copy, 0, NULL);
	free(copy);
	return json;
}

/* ---- variants ---------------------------------------------------------------------------------------------------- */

/* What holds of one variant: keys that it needs, and keys that are not its own. NULL: nothing. */
static json_t *demands_to_json(const struct ls_mapping *mapping, size_t n_keys, uint32_t variant)
{
	json_t *required = json_array(), *properties = json_object(), *json = json_object();
	struct ls_key_form key;

	for (size_t i = 0; i < n_keys; i++) {
		ls_key_form(mapping, i, &key);
		if (key.needed != UINT32_MAX && key.needed & variant)
			json_array_append_new(required, json_string(key.name));
		if (key.only && !(key.only & variant))
			json_object_set_new(properties, key.name, json_false());
	}
	if (json_array_size(required))
		json_object_set(json, "required", required);
	if (json_object_size(properties))
		json_object_set(json, "properties", properties);
	json_decref(required);
	json_decref(properties);
	if (json_object_size(json))
		return json;
	json_decref(json);
	return NULL;
}

static json_t *condition_to_json(const struct ls_mapping_form *form, const struct ls_word *word)
{
	json_t *json = json_pack("{s:{s:{s:s}}}", "properties", form->variant, "const", word->word);

	if (!(form->default_variant & LS_BIT(word->value)))
		json_object_set_new(json, "required", json_pack("[s]", form->variant));
	return json;
}

static void add_variants(const struct ls_mapping *mapping, const struct ls_mapping_form *form, json_t *rules)
{
	for (const struct ls_word *word = form->variants; word && word->word; word++) {
		json_t *demands = demands_to_json(mapping, form->n_keys, LS_BIT(word->value));

		if (demands)
			json_array_append_new(
				rules, json_pack("{s:o, s:o}", "if", condition_to_json(form, word), "then", demands));
	}
}

/* ---- mappings ---------------------------------------------------------------------------------------------------- */

static json_t *rules_to_json(const struct ls_mapping *mapping, const struct ls_mapping_form *form)
{
	json_t *rules = form->rules ? load_rules(form->rules) : json_array();

	add_variants(mapping, form, rules);
	return rules;
}

static json_t *mapping_to_json(json_t *defs, const struct ls_mapping *mapping, const struct ls_mapping_form *form)
{
	json_t *required = json_array(), *properties = json_object(), *json, *rules = rules_to_json(mapping, form);
	struct ls_key_form key;

	for (size_t i = 0; i < form->n_keys; i++) {
		ls_key_form(mapping, i, &key);
		json_object_set_new(properties, key.name, value_to_json(defs, &key.form));
		if (key.needed == UINT32_MAX)
			json_array_append_new(required, json_string(key.name));
	}
	json = json_pack("{s:s, s:s, s:o, s:o, s:b}", "description", form->what, "type", "object", "properties",
		properties, "required", required, "additionalProperties", 0);
	if (!json_array_size(required))
		json_object_del(json, "required");
	if (json_array_size(rules))
		json_object_set(json, "allOf", rules);
	json_decref(rules);
	return json;
}

/* An element of a list or of a map: the mapping, or the scalar that may stand instead. */
static json_t *element_to_json(json_t *defs, const struct ls_mapping *mapping, const struct ls_mapping_form *form)
{
	if (form->shorthand.type == LS_FORM_UNKNOWN)
		return mapping_to_json(defs, mapping, form);
	if (!form->n_keys)
		return value_to_json(defs, &form->shorthand);
	return json_pack(
		"{s:[o, o]}", "anyOf", value_to_json(defs, &form->shorthand), mapping_to_json(defs, mapping, form));
}

static json_t *collection_to_json(json_t *defs, const struct ls_form *form)
{
	struct ls_mapping_form element;
	json_t *list = NULL;

	ls_mapping_form(form->mapping, &element);
	if (form->type == LS_FORM_MAPPING)
		return mapping_to_json(defs, form->mapping, &element);
	if (form->type == LS_FORM_LIST || form->type == LS_FORM_ONE_OR_LIST)
		list = json_pack(
			"{s:s, s:o}", "type", "array", "items", element_to_json(defs, form->mapping, &element));
	if (form->type == LS_FORM_ONE_OR_LIST)
		return json_pack("{s:[o, o]}", "anyOf", element_to_json(defs, form->mapping, &element), list);
	if (list)
		return list;
	return json_pack("{s:s, s:o, s:o}", "type", "object", "propertyNames", value_to_json(defs, &element.name),
		"additionalProperties", element_to_json(defs, form->mapping, &element));
}

static json_t *form_to_json(json_t *defs, const struct ls_form *form)
{
	switch (form->type) {
	case LS_FORM_UNKNOWN:
		break;
	case LS_FORM_NUMBER:
		return number_to_json(form);
	case LS_FORM_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case LS_FORM_WORD:
		return words_to_json(form);
	case LS_FORM_TEXT:
		return text_to_json(defs, form);
	case LS_FORM_MAPPING:
	case LS_FORM_LIST:
	case LS_FORM_ONE_OR_LIST:
	case LS_FORM_NAMED:
		return collection_to_json(defs, form);
	}
	return json_pack("{s:s}", "$comment", "no form");
}

static json_t *value_to_json(json_t *defs, const struct ls_form *form)
{
	json_t *json = form_to_json(defs, form), *more = form->rules ? load_rules(form->rules) : NULL;

	if (more)
		json_object_update(json, more);
	json_decref(more);
	return json;
}

static json_t *document_to_json(const struct ls_mapping *mapping, const char *title)
{
	const struct ls_form root = { .type = LS_FORM_MAPPING, .mapping = mapping };
	json_t *defs = json_object(), *body = value_to_json(defs, &root), *json;

	json = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title", title);
	if (json && body && defs && !json_object_update(json, body) && !json_object_set(json, "$defs", defs)) {
		json_decref(body);
		json_decref(defs);
		return json;
	}
	json_decref(json);
	json_decref(body);
	json_decref(defs);
	return NULL;
}

static enum cli_exit print_schema(struct cli *cli, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;

	json_decref(document);
	if (!text) {
		cli_error(cli, "out of memory");
		return CLI_EXIT_FAILED;
	}
	cli_json_raw(cli, text);
	cli_json_raw(cli, "\n");
	free(text);
	return CLI_EXIT_DONE;
}

enum cli_exit cli_schema(struct cli *cli)
{
	return print_schema(cli, document_to_json(ls_form_root(), "spec of linkspan, format 1"));
}

enum cli_exit cli_site_schema(struct cli *cli)
{
	return print_schema(cli, document_to_json(ls_form_site(), "site of linkspan, format 1"));
}
