#include "base/account.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/hash.h"

/* This program's application id, generated once with "systemd-id128 new". */
#define OURS SD_ID128_MAKE(6d, 0b, 3e, 51, c8, 7a, 4f, 29, 93, e4, 1c, a0, 5b, d6, 87, 42)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t key[2];

static void find_key(void)
{
	sd_id128_t id;

	if (sd_id128_get_machine_app_specific(OURS, &id) == 0)
		memcpy(key, id.bytes, sizeof key);
}

uint32_t account_number(struct span name)
{
	uint64_t h;
	uint32_t number;

	if (name.len == 0)
		return ACCOUNT_NONE;
	(void)pthread_once(&once, find_key);
	h = key[0];
	/* The key enters every step, so that no collision can be computed without it. */
	for (size_t i = 0; i < name.len; i++) {
		h = ((h ^ (unsigned char)text_lower(name.p[i])) + key[1]) * UINT64_C(0x9FB21C651E98DF25);
		h ^= h >> 29;
	}
	number = (uint32_t)(hash_mix(h) >> (64 - ACCOUNT_BITS)); /* fits: the shift leaves ACCOUNT_BITS bits */
	return number == ACCOUNT_NONE ? 1 : number;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (text_lower(c) >= 'a' && text_lower(c) <= 'z');
}

/* True for the characters that <USER> matches in rules. */
static bool may_hold(char c)
{
	return (unsigned char)c > ' ' && c != 0x7F && strchr("<>,;()\"", c) == NULL;
}

struct span account_find(struct span text, uint32_t number)
{
	for (size_t from = 0; from < text.len; from++) {
		size_t to = from;

		if (from > 0 && is_alnum(text.p[from - 1]))
			continue;
		while (to < text.len && to - from < ACCOUNT_NAME_MAX && may_hold(text.p[to])) {
			const struct span name = {text.p + from, ++to - from};

			if ((to == text.len || !is_alnum(text.p[to])) && account_number(name) == number)
				return name;
		}
	}
	return (struct span){NULL, 0};
}
