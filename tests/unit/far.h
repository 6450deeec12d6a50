/*
 * far: a thread that plays root's end of the pair and keeps a set of networks as the kernel would. Access it only
 * between the calls of client.h, which wait for its answer. Include cmocka.h first.
 */
#ifndef WFS_TESTS_UNIT_FAR_H
#define WFS_TESTS_UNIT_FAR_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "firewall/message.h"

enum { FAR_SECONDS = 600, FAR_GRACE_S = 5, FAR_SET_MAX = 4096 };

struct far {
	int fd;
	pthread_t thread;
	struct message_entry set[FAR_SET_MAX]; /* what is held */
	size_t n, room, added, deleted;        /* room: after which a PREPARE must come; 0: no end */
	uint32_t capacity;                     /* 0: FAR_SET_MAX */
	int64_t now_s;                         /* 0: not begun */
	bool refuses_odd;
	/* As nftables: what others change is reported, and an element goes by itself, at the latest FAR_SECONDS after
	 * it was added. */
	bool watched;
	int64_t ends_s[FAR_SET_MAX]; /* when each of set does; of watched */
	size_t listed, looked;       /* requests to LIST, entries of LOOK */
	int add_error, del_error, list_error;
};

static inline struct message_entry *far_find_entry(struct far *far, const struct message_entry *entry)
{
	for (size_t i = 0; i < far->n; i++)
		if (memcmp(far->set[i].addr, entry->addr, sizeof entry->addr) == 0 && far->set[i].len == entry->len)
			return &far->set[i];
	return NULL;
}

static inline struct message_entry *far_find(struct far *far, const struct net *net)
{
	struct message_entry entry = {.len = net->len};

	memcpy(entry.addr, net->addr.bytes, sizeof entry.addr);
	return far_find_entry(far, &entry);
}

static inline void far_remove(struct far *far, struct message_entry *held)
{
	far->ends_s[held - far->set] = far->ends_s[far->n - 1];
	*held = far->set[--far->n];
}

/* The kernel's clock goes on. */
static inline void far_age(struct far *far, int64_t now_s)
{
	for (size_t i = 0; i < far->n && far->now_s != 0 && now_s > far->now_s; i++)
		far->set[i].idle_s += (uint32_t)(now_s - far->now_s);
	far->now_s = now_s > far->now_s ? now_s : far->now_s;
	for (size_t i = 0; i < far->n && far->watched;)
		if (far->ends_s[i] <= far->now_s)
			far_remove(far, &far->set[i]);
		else
			i++;
}

static inline void far_add(struct far *far, const struct message *request, struct message *answer)
{
	for (uint32_t i = 0; i < request->n && answer->error == 0; i++) {
		const struct message_entry *const entry = &request->entries[i];
		struct message_entry *held = far_find_entry(far, entry);

		far->added++;
		if (far->refuses_odd && entry->addr[15] % 2 == 1) {
			answer->entries[answer->refused] = *entry;
			answer->entries[answer->refused++].left_s = 0;
			answer->n = answer->refused;
			(void)strcpy(answer->why, "odd");
			continue;
		}
		if (held == NULL && far->n == (far->room == 0 ? FAR_SET_MAX : far->room)) {
			answer->error = -ENOSPC;
			(void)strcpy(answer->why, "full");
			answer->refused = answer->n = 0;
			continue;
		}
		if (held == NULL)
			held = &far->set[far->n++];
		*held = *entry;
		far->ends_s[held - far->set] =
			far->now_s +
			(entry->left_s + FAR_GRACE_S < FAR_SECONDS ? entry->left_s + FAR_GRACE_S : FAR_SECONDS);
		held->left_s = 0;
	}
}

static inline void far_del(struct far *far, const struct message *request)
{
	for (uint32_t i = 0; i < request->n; i++) {
		struct message_entry *const held = far_find_entry(far, &request->entries[i]);

		far->deleted++;
		if (held != NULL)
			far_remove(far, held);
	}
}

static inline void far_list(struct far *far, const struct message *request, struct message *answer)
{
	for (size_t i = request->cursor; i < far->n && answer->n < MESSAGE_ENTRIES; i++) {
		struct message_entry *const entry = &answer->entries[answer->n++];

		*entry = far->set[i];
		entry->left_s = entry->idle_s < FAR_SECONDS ? FAR_SECONDS - entry->idle_s : 0;
		if (far->watched)
			entry->left_s = (uint32_t)(far->ends_s[i] - far->now_s); /* those that are over are gone */
	}
	if (request->cursor + answer->n < far->n)
		answer->cursor = request->cursor + answer->n;
}

static inline void far_look(struct far *far, const struct message *request, struct message *answer)
{
	far->looked += request->n;
	for (; answer->n < request->n; answer->n++) {
		const struct message_entry *const held = far_find_entry(far, &request->entries[answer->n]);
		struct message_entry *const entry = &answer->entries[answer->n];

		*entry = held != NULL ? *held : request->entries[answer->n];
		entry->left_s = 0;
		entry->idle_s = held != NULL ? held->idle_s : UINT32_MAX;
	}
}

static inline void far_dropped(struct far *far, struct message *answer)
{
	for (size_t i = 0; i < far->n && answer->n < MESSAGE_ENTRIES; i++)
		if (far->set[i].dropped > 0) {
			answer->entries[answer->n++] = far->set[i];
			far->set[i].dropped = 0;
		}
	answer->cursor = answer->n == MESSAGE_ENTRIES ? MESSAGE_ENTRIES : 0;
}

/* As the backend "recent" has it, whose IPv6 clients are /64. */
static inline void far_lengths(struct lengths *lengths)
{
	lengths_add(lengths, true, 96 + 24);
	lengths_add(lengths, true, 128);
	lengths_add(lengths, false, 48);
	lengths_add(lengths, false, 64);
	lengths_add(lengths, false, 128);
}

static inline void *far_main(void *arg)
{
	struct far *const far = arg;
	struct message request;

	while (recv(far->fd, &request, sizeof request, 0) >= (ssize_t)offsetof(struct message, entries)) {
		struct message answer = {.verb = request.verb,
		                         .number = request.number,
		                         .capacity = far->capacity > 0 ? far->capacity : FAR_SET_MAX,
		                         .list = "far"};

		far_lengths(&answer.lengths);
		answer.watched = far->watched;
		far->listed += request.verb == MESSAGE_LIST;
		answer.error = request.verb == MESSAGE_ADD    ? far->add_error
		               : request.verb == MESSAGE_DEL  ? far->del_error
		               : request.verb == MESSAGE_LIST ? far->list_error
		                                              : 0;
		if (answer.error != 0)
			(void)strcpy(answer.why, "the lock is held");
		else if (request.verb == MESSAGE_ADD)
			far_add(far, &request, &answer);
		else if (request.verb == MESSAGE_DEL)
			far_del(far, &request);
		else if (request.verb == MESSAGE_LIST)
			far_list(far, &request, &answer);
		else if (request.verb == MESSAGE_DROPPED)
			far_dropped(far, &answer);
		else if (request.verb == MESSAGE_LOOK)
			far_look(far, &request, &answer);
		else if (far->room != 0 && far->room < (size_t)request.n4 + request.n6)
			far->room = (size_t)request.n4 + request.n6;
		answer.n4 = (uint32_t)far->n;
		if (send(far->fd, &answer, message_size(&answer), MSG_NOSIGNAL) < 0)
			break;
	}
	(void)close(far->fd);
	return NULL;
}

/* Returns the near end. */
static inline int far_open(struct far *far)
{
	int pair[2];

	memset(far, 0, sizeof *far);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	far->fd = pair[1];
	assert_int_equal(pthread_create(&far->thread, NULL, far_main, far), 0);
	return pair[0];
}

static inline void far_close(struct far *far, int near_fd)
{
	(void)close(near_fd);
	(void)pthread_join(far->thread, NULL);
}

#endif
