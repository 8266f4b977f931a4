/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events FILE: pulls every event of a YAML file out of libyaml and does nothing with it. Prints how many there were. */
#include <stdio.h>
#include <stdlib.h>

#include <yaml.h>

static unsigned long count_events(yaml_parser_t *parser)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	unsigned long n = 0;
	yaml_event_t event;

	while (type != YAML_STREAM_END_EVENT) {
		if (!yaml_parser_parse(parser, &event))
			return 0;
		type = event.type;
		yaml_event_delete(&event);
		n++;
	}
	return n;
}

int main(int argc, char *argv[])
{
	yaml_parser_t parser;
	unsigned long n;
	FILE *file;

	if (argc != 2) {
		fputs("usage: events FILE\n", stderr);
		return 64;
	}
	file = fopen(argv[1], "re");
	if (!file || !yaml_parser_initialize(&parser)) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	yaml_parser_set_input_file(&parser, file);
	n = count_events(&parser);
	yaml_parser_delete(&parser);
	fclose(file);
	printf("%lu\n", n);
	return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
