// SPDX-License-Identifier: Apache-2.0
/*
 * A ring of blocks between one producer and one consumer. `head` counts blocks filled, `tail`
 * blocks given back; both only grow. The consumer gives a block back when it asks for the next one.
 * A block of length 0 is the end, a negative length the failure whose message is in p->err; after
 * either the producer ends.
 */
#include "archive/pump.h"

#include <pthread.h>

#include "archive/hash.h"

#define BLOCKS 4

struct pump {
	struct stream *s;
	struct hash *hash;
	pthread_t thread;
	bool started, stop, holding, ended;
	pthread_mutex_t lock;
	pthread_cond_t more, room;
	size_t head, tail;
	ssize_t len[BLOCKS];
	struct err err;
	uint8_t *block[BLOCKS];
};

static void *produce(void *data)
{
	struct pump *p = data;
	ssize_t n;

	do {
		size_t i;

		(void)pthread_mutex_lock(&p->lock);
		while (p->head - p->tail == BLOCKS && !p->stop)
			(void)pthread_cond_wait(&p->room, &p->lock);
		i = p->head % BLOCKS;
		n = p->stop ? -ECANCELED : 0;
		(void)pthread_mutex_unlock(&p->lock);
		if (n == 0)
			n = stream_read(p->s, p->block[i], STREAM_BLOCK, &p->err);
		if (n > 0 && p->hash) {
			int r = hash_add(p->hash, p->block[i], (size_t)n, &p->err);

			n = r < 0 ? r : n;
		}
		(void)pthread_mutex_lock(&p->lock);
		p->len[i] = n;
		p->head++;
		(void)pthread_cond_signal(&p->more);
		(void)pthread_mutex_unlock(&p->lock);
	} while (n > 0);
	return NULL;
}

struct pump *pump_new(struct stream *s, bool hash, struct err *err)
{
	cleanup(pump_free) struct pump *p = calloc(1, sizeof(*p));
	int r;

	if (!p || (hash && !(p->hash = hash_new()))) {
		(void)err_oom(err);
		return NULL;
	}
	p->s = s;
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->more, NULL);
	(void)pthread_cond_init(&p->room, NULL);
	for (size_t i = 0; i < BLOCKS; i++)
		if (!(p->block[i] = malloc(STREAM_BLOCK))) {
			(void)err_oom(err);
			return NULL;
		}
	r = pthread_create(&p->thread, NULL, produce, p);
	if (r != 0) {
		(void)err_sys(err, r, "start a thread");
		return NULL;
	}
	p->started = true;
	return TAKE_PTR(p);
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	if (p->started) {
		(void)pthread_mutex_lock(&p->lock);
		p->stop = true;
		(void)pthread_cond_signal(&p->room);
		(void)pthread_mutex_unlock(&p->lock);
		(void)pthread_join(p->thread, NULL);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		free(p->block[i]);
	hash_free(p->hash);
	free(p);
}

ssize_t pump_next(struct pump *p, const void **block, struct err *err)
{
	ssize_t n;

	if (p->ended)
		return 0;
	(void)pthread_mutex_lock(&p->lock);
	if (p->holding) {
		p->tail++;
		(void)pthread_cond_signal(&p->room);
	}
	while (p->head == p->tail)
		(void)pthread_cond_wait(&p->more, &p->lock);
	n = p->len[p->tail % BLOCKS];
	*block = p->block[p->tail % BLOCKS];
	p->holding = true;
	(void)pthread_mutex_unlock(&p->lock);
	p->ended = n <= 0;
	return n < 0 ? err_copy(err, p->err.kind, p->err.code, p->err.msg) : n;
}

int pump_finish(struct pump *p, char *digest, struct err *err)
{
	const void *block;
	ssize_t n;

	do
		n = pump_next(p, &block, err);
	while (n > 0);
	if (n < 0)
		return (int)n;
	digest[0] = '\0';
	return p->hash ? hash_text(p->hash, digest, err) : 0;
}
