#include "base/gates.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/duration.h"

enum { DAY_S = 86400, PASS_MIN_S = 60, PASS_MAX_S = 3650 * DAY_S, SUBMISSIONS = 465, SUBMISSION = 587 };

const char *gates_add(struct gates *gates, const char *name)
{
	const size_t len = strlen(name);
	struct gate *gate;

	if (len == 0 || len >= GATES_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != len || name[0] == '-')
		return "a name of 1 to 15 letters, digits and \"-\", as in [gate mail]";
	for (gates->reading = 0; gates->reading < gates->n; gates->reading++)
		if (strcasecmp(gates->gates[gates->reading].name, name) == 0)
			return NULL;
	if (gates->n == GATES_MAX)
		return "at most 4 gates";
	gate = &gates->gates[gates->n++];
	*gate = (struct gate){.n_ports = 1,
	                      .ports = {25},
	                      .pause_s = 60,
	                      .window_s = 4 * 3600,
	                      .count = 6,
	                      .pass_s = 36 * DAY_S,
	                      .open_after_s = 15 * 60};
	memcpy(gate->name, name, len + 1);
	return NULL;
}

static const char *read_networks(const char *text, struct net out[], size_t cap, size_t *ret_n)
{
	size_t n = 0;

	for (const char *p = text + strspn(text, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
		const size_t len = strcspn(p, " \t,");

		if (n == cap)
			return cap == GATES_NETWORKS_MAX ? "at most 16 networks" : "at most 64 networks";
		if (!net_parse(p, len, &out[n]) || out[n].len == 0 || (addr_is_ip4(&out[n].addr) && out[n].len == 96))
			return "networks without host bits, at least /1, such as 192.0.2.0/24 or 2001:db8::/32; empty means all";
		n++;
		p += len;
	}
	*ret_n = n;
	return NULL;
}

static const char *read_ports(const char *text, struct gate *gate)
{
	size_t n = 0;

	for (const char *p = text + strspn(text, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
		char *end;
		const unsigned long port = strtoul(p, &end, 10);

		if (*p < '0' || *p > '9' || strchr(" \t,", *end) == NULL || port < 1 || port > 65535 ||
		    n == GATES_PORTS_MAX)
			return "1 to 15 ports, such as 25";
		if (port == SUBMISSIONS || port == SUBMISSION)
			return "ports other than 465 and 587: people submit mail there, and phones do not retry by "
			       "themselves";
		gate->ports[n++] = (uint16_t)port; /* in range, above */
		p = end;
	}
	gate->n_ports = n;
	return n == 0 ? "1 to 15 ports, such as 25" : NULL;
}

static const char *read_duration(const char *text, int64_t min_s, int64_t max_s, const char *want, int64_t *ret)
{
	int64_t s;

	if (!duration_parse(text, &s) || s < min_s || s > max_s)
		return want;
	*ret = s;
	return NULL;
}

static const char *read_count(const char *text, int64_t *ret)
{
	char *end;
	const long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < 1 || n > GATES_COUNT_MAX)
		return "a whole number from 1 to 1000";
	*ret = n;
	return NULL;
}

const char *gates_read(struct gates *gates, const char *key, const char *value)
{
	struct gate *const gate = &gates->gates[gates->reading];

	if (gates->reading >= gates->n)
		return "a section [gate NAME] that is right";
	if (strcasecmp(key, "networks") == 0)
		return read_networks(value, gate->networks, GATES_NETWORKS_MAX, &gate->n_networks);
	if (strcasecmp(key, "pass_networks") == 0)
		return read_networks(value, gate->pass_networks, GATES_PASSES_MAX, &gate->n_passes);
	if (strcasecmp(key, "ports") == 0)
		return read_ports(value, gate);
	if (strcasecmp(key, "count") == 0)
		return read_count(value, &gate->count);
	if (strcasecmp(key, "pause") == 0)
		return read_duration(value, 1, DAY_S, "a duration from 1s to 1d", &gate->pause_s);
	if (strcasecmp(key, "window") == 0)
		return read_duration(value, 1, 30 * DAY_S, "a duration from 1s to 30d", &gate->window_s);
	if (strcasecmp(key, "pass") == 0)
		return read_duration(value, PASS_MIN_S, PASS_MAX_S, "a duration from 1m to 3650d", &gate->pass_s);
	return read_duration(value, 2, DAY_S, "a duration from 2s to 1d",
	                     &gate->open_after_s); /* open_after: the last key */
}

/* Fails if two gates name the same network, or are both for everybody. */
static int check_twice(const struct gate *a, const struct gate *b, struct why *why)
{
	char net[NET_TEXT_MAX];

	if (a->n_networks == 0 && b->n_networks == 0)
		return why_set(why, EINVAL,
		               "[gate %s] and [gate %s] are both for everybody: name the networks of one of them",
		               a->name, b->name);
	for (size_t i = 0; i < a->n_networks; i++)
		for (size_t j = 0; j < b->n_networks; j++)
			if (net_order(&a->networks[i], &b->networks[j]) == 0) {
				(void)net_text(&a->networks[i], net);
				return why_set(why, EINVAL,
				               "%s is in [gate %s] and in [gate %s]: remove it from one of them", net,
				               a->name, b->name);
			}
	return 0;
}

int gates_settle(const struct gates *gates, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < gates->n && rc == 0; i++) {
		const struct gate *const gate = &gates->gates[i];

		if (gate->pause_s > gate->window_s)
			return why_set(
				why, EINVAL,
				"[gate %s]: pause is longer than window: make window at least as long, since a client "
				"comes back when it likes",
				gate->name);
		for (size_t j = 0; j < i && rc == 0; j++)
			rc = check_twice(&gates->gates[j], gate, why);
	}
	return rc;
}

int gates_of(const struct gates *gates, const struct addr *addr)
{
	int best = -1, longest = -1;

	for (size_t i = 0; i < gates->n; i++) {
		const struct gate *const gate = &gates->gates[i];

		if (gate->n_networks == 0 && longest < 0) {
			best = (int)i; /* below GATES_MAX */
			longest = 0;
		}
		for (size_t j = 0; j < gate->n_networks; j++)
			if (gate->networks[j].len > longest && net_has(&gate->networks[j], addr)) {
				best = (int)i;
				longest = gate->networks[j].len;
			}
	}
	return best;
}

bool gates_same_name(const struct gate *a, const struct gate *b)
{
	return strcasecmp(a->name, b->name) == 0;
}

static bool is_equal(const struct gate *a, const struct gate *b)
{
	return strcmp(a->name, b->name) == 0 && a->n_networks == b->n_networks && a->n_ports == b->n_ports &&
	       memcmp(a->networks, b->networks, a->n_networks * sizeof *a->networks) == 0 &&
	       memcmp(a->ports, b->ports, a->n_ports * sizeof *a->ports) == 0 && a->pause_s == b->pause_s &&
	       a->window_s == b->window_s && a->count == b->count && a->open_after_s == b->open_after_s;
}

bool gates_equal(const struct gates *a, const struct gates *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		equal = is_equal(&a->gates[i], &b->gates[i]);
	return equal;
}
