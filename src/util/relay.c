/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay: two threads share a long piece of work, part by part, one a few parts ahead of the other: the kernel fills
 * the next part of a dump while the last one is decoded, libyaml reads the next lines of a spec meanwhile. They
 * exchange buffers, never bytes, and wake each other for several at a time: waking costs as much as a part does.
 */
#include <linkspan/util.h>

#include <pthread.h>

#define PARTS 16u
#define ENOUGH 4u /* to wake the other for */

struct part {
	void *data;
	size_t length;
};

struct ls_relay {
	ls_relay_work *work;
	void *user;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	unsigned n_given, n_used; /* part n stands in slot n % PARTS */
	bool taken;               /* part n_used is with the taker */
	bool ended;
	struct part parts[PARTS];
};

static void *run(void *data)
{
	struct ls_relay *relay = data;

	relay->work(relay, relay->user);
	ls_relay_end(relay);
	return NULL;
}

static void free_relay(struct ls_relay *relay, void (*drop)(void *part))
{
	for (size_t i = 0; i < PARTS; i++) {
		if (drop)
			drop(relay->parts[i].data);
		free(relay->parts[i].data);
	}
	pthread_cond_destroy(&relay->filled);
	pthread_cond_destroy(&relay->emptied);
	pthread_mutex_destroy(&relay->lock);
	free(relay);
}

struct ls_relay *ls_relay_start(size_t part_size, ls_relay_work *work, void *user)
{
	struct ls_relay *relay = calloc(1, sizeof(*relay));
	bool complete = true;

	if (!relay)
		return NULL;
	relay->work = work;
	relay->user = user;
	pthread_mutex_init(&relay->lock, NULL);
	pthread_cond_init(&relay->filled, NULL);
	pthread_cond_init(&relay->emptied, NULL);
	for (size_t i = 0; i < PARTS; i++) {
		relay->parts[i].data = calloc(1, part_size);
		complete &= relay->parts[i].data != NULL;
	}
	if (complete && !pthread_create(&relay->thread, NULL, run, relay))
		return relay;
	free_relay(relay, NULL);
	return NULL;
}

bool ls_relay_give(struct ls_relay *relay, void **part, size_t length)
{
	struct part *slot;
	void *empty;
	bool given;

	pthread_mutex_lock(&relay->lock);
	while (relay->n_given - relay->n_used == PARTS && !relay->ended)
		pthread_cond_wait(&relay->emptied, &relay->lock);
	given = !relay->ended;
	if (given) {
		slot = &relay->parts[relay->n_given++ % PARTS];
		empty = slot->data;
		*slot = (struct part){ *part, length };
		*part = empty;
	}
	if (relay->n_given - relay->n_used >= ENOUGH)
		pthread_cond_signal(&relay->filled);
	pthread_mutex_unlock(&relay->lock);
	return given;
}

void *ls_relay_take(struct ls_relay *relay, size_t *ret_length)
{
	struct part *slot = NULL;

	pthread_mutex_lock(&relay->lock);
	if (relay->taken)
		relay->n_used++;
	if (relay->taken && relay->n_given - relay->n_used == PARTS - ENOUGH)
		pthread_cond_signal(&relay->emptied);
	while (relay->n_given == relay->n_used && !relay->ended)
		pthread_cond_wait(&relay->filled, &relay->lock);
	relay->taken = relay->n_given != relay->n_used;
	if (relay->taken)
		slot = &relay->parts[relay->n_used % PARTS];
	pthread_mutex_unlock(&relay->lock);
	if (!slot)
		return NULL;
	*ret_length = slot->length;
	return slot->data;
}

void ls_relay_end(struct ls_relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	relay->ended = true;
	pthread_cond_signal(&relay->filled);
	pthread_cond_signal(&relay->emptied);
	pthread_mutex_unlock(&relay->lock);
}

void ls_relay_free(struct ls_relay *relay, void (*drop)(void *part))
{
	if (!relay)
		return;
	ls_relay_end(relay);
	pthread_join(relay->thread, NULL);
	free_relay(relay, drop);
}
