/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay between who receives the parts of a large dump and who decodes them. The kernel fills a part when the one
 * before is received, in the receiver's own time; with a second thread for decoding, neither waits for the other. The
 * threads exchange buffers, never bytes, and wake each other for several at a time: waking costs as much as decoding a
 * part does.
 */
#include "session.h"

#include <pthread.h>
#include <stdlib.h>

#define PARTS 16u
#define ENOUGH 4u /* to wake the other for */

struct part {
	uint8_t *data;
	size_t length;
};

struct ls_relay {
	ls_relay_use *use;
	void *user;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	unsigned n_given, n_used; /* part n stands in slot n % PARTS */
	bool finished;
	struct part parts[PARTS];
};

/* The next part, once there is one; NULL at the end. */
static const struct part *await(struct ls_relay *relay)
{
	const struct part *part = NULL;

	pthread_mutex_lock(&relay->lock);
	while (relay->n_given == relay->n_used && !relay->finished)
		pthread_cond_wait(&relay->filled, &relay->lock);
	if (relay->n_given != relay->n_used)
		part = &relay->parts[relay->n_used % PARTS];
	pthread_mutex_unlock(&relay->lock);
	return part;
}

static void *use_all(void *data)
{
	struct ls_relay *relay = data;
	const struct part *part;

	while ((part = await(relay))) {
		relay->use(part->data, part->length, relay->user);
		pthread_mutex_lock(&relay->lock);
		relay->n_used++;
		if (relay->n_given - relay->n_used == PARTS - ENOUGH)
			pthread_cond_signal(&relay->emptied);
		pthread_mutex_unlock(&relay->lock);
	}
	return NULL;
}

static void free_relay(struct ls_relay *relay)
{
	for (size_t i = 0; i < PARTS; i++)
		free(relay->parts[i].data);
	pthread_cond_destroy(&relay->filled);
	pthread_cond_destroy(&relay->emptied);
	pthread_mutex_destroy(&relay->lock);
	free(relay);
}

struct ls_relay *ls_relay_start(ls_relay_use *use, void *user)
{
	struct ls_relay *relay = calloc(1, sizeof(*relay));
	bool complete = true;

	if (!relay)
		return NULL;
	relay->use = use;
	relay->user = user;
	pthread_mutex_init(&relay->lock, NULL);
	pthread_cond_init(&relay->filled, NULL);
	pthread_cond_init(&relay->emptied, NULL);
	for (size_t i = 0; i < PARTS; i++) {
		relay->parts[i].data = malloc(LS_RECEIVE_SIZE);
		complete &= relay->parts[i].data != NULL;
	}
	if (complete && !pthread_create(&relay->thread, NULL, use_all, relay))
		return relay;
	free_relay(relay);
	return NULL;
}

uint8_t *ls_relay_give(struct ls_relay *relay, uint8_t *data, size_t length)
{
	struct part *part;
	uint8_t *empty;

	pthread_mutex_lock(&relay->lock);
	while (relay->n_given - relay->n_used == PARTS)
		pthread_cond_wait(&relay->emptied, &relay->lock);
	part = &relay->parts[relay->n_given % PARTS];
	empty = part->data;
	part->data = data;
	part->length = length;
	relay->n_given++;
	if (relay->n_given - relay->n_used >= ENOUGH)
		pthread_cond_signal(&relay->filled);
	pthread_mutex_unlock(&relay->lock);
	return empty;
}

void ls_relay_finish(struct ls_relay *relay)
{
	if (!relay)
		return;
	pthread_mutex_lock(&relay->lock);
	relay->finished = true;
	pthread_cond_signal(&relay->filled);
	pthread_mutex_unlock(&relay->lock);
	pthread_join(relay->thread, NULL);
	free_relay(relay);
}
