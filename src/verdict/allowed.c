#include "verdict/allowed.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "verdict/verdict.h"

enum {
	NAME_MAX_LEN = 255, /* longer names are invalid */
	EARNED_MIN = 64,
};

static void drop_globs(struct allowed *a)
{
	for (size_t i = 0; i < a->n_globs; i++)
		free(a->globs[i]);
	free(a->globs);
	a->globs = NULL;
	a->n_globs = 0;
}

void allowed_done(struct allowed *a)
{
	nets_done(&a->nets);
	drop_globs(a);
	free(a->earned);
	*a = (struct allowed){0};
}

void allowed_set_nets(struct allowed *a, const struct net *nets, size_t n)
{
	a->nets.n = 0;
	for (size_t i = 0; i < n; i++)
		nets_add(&a->nets, &nets[i]);
	nets_seal(&a->nets);
}

/* --- names --- */

void allowed_set_names(struct allowed *a, const char *const globs[], size_t n)
{
	drop_globs(a);
	a->globs = alloc_zero(n + 1, sizeof *a->globs, "the allow list");
	for (; a->n_globs < n; a->n_globs++)
		a->globs[a->n_globs] = alloc_text(globs[a->n_globs], "the allow list");
}

/* Linear except for the last "*", which is tried at each position: no name makes it slow. */
static bool glob_matches(const char *glob, const char *name, size_t len)
{
	const char *star = NULL, *const end = name + len, *again = name;

	while (name < end) {
		if (*glob == '*') {
			star = glob++;
			again = name;
		} else if (*glob != '\0' && (*glob == '?' || text_lower(*glob) == text_lower(*name))) {
			glob++;
			name++;
		} else if (star != NULL) {
			glob = star + 1;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

bool allowed_matches(const struct allowed *a, struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < a->n_globs; i++)
		if (glob_matches(a->globs[i], name.p, name.len))
			return true;
	return false;
}

/* --- earned allowances --- */

/* Returns the index of net, or where it would be inserted. */
static size_t earned_place(const struct allowed *a, const struct net *net)
{
	size_t low = 0, high = a->n_earned;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (net_order(&a->earned[middle].net, net) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_earned(struct allowed *a, size_t i)
{
	a->earned_lens[a->earned[i].net.len]--;
	a->n_earned--;
	memmove(&a->earned[i], &a->earned[i + 1], (a->n_earned - i) * sizeof *a->earned);
}

void allowed_earn(struct allowed *a, const struct net *net, uint32_t until_s, uint32_t now_s)
{
	size_t i = earned_place(a, net);

	a->n_orders++;
	if (i < a->n_earned && net_order(&a->earned[i].net, net) == 0) {
		if (until_s <= now_s)
			remove_earned(a, i);
		else if (until_s > a->earned[i].until_s)
			a->earned[i].until_s = until_s;
		return;
	}
	if (until_s <= now_s)
		return;
	if (a->n_earned == a->earned_cap) {
		for (size_t j = a->n_earned; j > 0; j--)
			if (a->earned[j - 1].until_s <= now_s)
				remove_earned(a, j - 1);
		if (a->n_earned == VERDICT_EARNED_MAX)
			return;
		if (a->n_earned == a->earned_cap) {
			a->earned_cap = a->earned_cap == 0 ? EARNED_MIN : 2 * a->earned_cap;
			a->earned = alloc_resize(a->earned, a->earned_cap, sizeof *a->earned, "the allow list");
		}
		i = earned_place(a, net);
	}
	memmove(&a->earned[i + 1], &a->earned[i], (a->n_earned - i) * sizeof *a->earned);
	a->earned[i] = (struct earned){*net, until_s};
	a->earned_lens[net->len]++;
	a->n_earned++;
}

bool allowed_is_earned(const struct allowed *a, const struct addr *addr, uint8_t len, uint32_t now_s)
{
	if (a->n_earned == 0)
		return false;
	for (unsigned l = 0; l <= len; l++) {
		struct net net;
		size_t i;

		if (a->earned_lens[l] == 0)
			continue;
		net = net_around(addr, (uint8_t)l); /* <= 128 */
		i = earned_place(a, &net);
		if (i < a->n_earned && net_order(&a->earned[i].net, &net) == 0 && a->earned[i].until_s > now_s)
			return true;
	}
	return false;
}

bool allowed_spares(const struct allowed *a, const struct net *net, uint32_t now_s)
{
	if (net_is_never(net) || nets_overlap(&a->nets, net) || allowed_is_earned(a, &net->addr, net->len, now_s))
		return true;
	for (size_t i = earned_place(a, net); i < a->n_earned && net_has(net, &a->earned[i].net.addr); i++)
		if (a->earned[i].until_s > now_s)
			return true;
	return false;
}

bool allowed_covers(const struct allowed *a, const struct net *net, uint32_t now_s)
{
	const struct net *const around = nets_find(&a->nets, &net->addr);

	return (around != NULL && around->len <= net->len) || allowed_is_earned(a, &net->addr, net->len, now_s);
}
