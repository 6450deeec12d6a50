#include "base/portlists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"

static const char *read_ports(const char *text, struct portlists_ports *ret)
{
	*ret = (struct portlists_ports){0};
	for (const char *p = text + strspn(text, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
		char *end;
		const unsigned long port = strtoul(p, &end, 10);

		if (*p < '0' || *p > '9' || strchr(" \t,", *end) == NULL || port < 1 || port > 65535)
			return "ports from 1 to 65535, such as \"25,465,587\"";
		if (ret->n == PORTLISTS_PORTS_MAX)
			return "at most 15 ports (iptables' multiport holds no more); empty means all";
		ret->ports[ret->n++] = (uint16_t)port; /* in range, above */
		p = end;
	}
	return NULL;
}

bool portlists_is_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len < PORTLISTS_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

const char *portlists_read(struct portlists *l, const char *name, const char *text, bool given)
{
	struct portlists_ports ports;
	const char *const wanted = read_ports(text, &ports);
	size_t i = 0;

	if (wanted != NULL)
		return wanted;
	if (name[0] == '\0') {
		l->given = given;
		l->lists[0].ports = ports;
		return NULL;
	}
	if (!portlists_is_name(name))
		return "a category or the beginning of rules' names after \"ports.\", at most 15 letters, digits and \"-\"";
	while (i < l->n_names && strcmp(l->names[i].name, name) != 0)
		i++;
	if (i == PORTLISTS_NAMES_MAX)
		return "at most 24 names with ports of their own";
	(void)snprintf(l->names[i].name, sizeof l->names[i].name, "%s", name);
	l->names[i].given = given;
	l->names[i].ports = ports;
	l->n_names += i == l->n_names;
	return NULL;
}

static bool has(const struct portlists_ports *p, uint16_t port)
{
	bool has = p->n == 0;

	for (size_t i = 0; i < p->n && !has; i++)
		has = p->ports[i] == port;
	return has;
}

static bool are_same(const struct portlists_ports *a, const struct portlists_ports *b)
{
	bool same = (a->n == 0) == (b->n == 0);

	for (size_t i = 0; i < a->n && same; i++)
		same = has(b, a->ports[i]);
	for (size_t i = 0; i < b->n && same; i++)
		same = has(a, b->ports[i]);
	return same;
}

const char *portlists_settle(struct portlists *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_names; i++)
		if (l->names[i].given || !l->given)
			l->names[n++] = l->names[i];
	l->n_names = n;
	l->n = 1;
	for (size_t i = 0; i < n; i++) {
		size_t list = 0;

		while (list < l->n && !are_same(&l->lists[list].ports, &l->names[i].ports))
			list++;
		if (list == PORTLISTS_MAX)
			return "at most 8 different lists of ports";
		if (list == l->n) {
			l->lists[list].ports = l->names[i].ports;
			memcpy(l->lists[list].name, l->names[i].name, sizeof l->lists[list].name);
			l->n++;
		}
		l->names[i].list = (uint8_t)list; /* below PORTLISTS_MAX */
	}
	return NULL;
}

bool portlists_equal(const struct portlists *a, const struct portlists *b)
{
	if (a->n_names != b->n_names || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (strcmp(a->names[i].name, b->names[i].name) != 0 || a->names[i].list != b->names[i].list)
			return false;
	for (size_t i = 0; i < a->n; i++)
		if (!are_same(&a->lists[i].ports, &b->lists[i].ports))
			return false;
	return true;
}

/* Its place among the names; n_names: there is none. whole: nothing needs to follow it. */
static size_t find_name(const struct portlists *l, const char *rule, bool whole)
{
	size_t i = 0;

	for (; i < l->n_names; i++) {
		const size_t len = strlen(l->names[i].name);

		if (strncmp(rule, l->names[i].name, len) == 0 && (rule[len] == '-' || (whole && rule[len] == '\0')))
			break;
	}
	return i;
}

const char *portlists_name(const struct portlists *l, const char *rule)
{
	const size_t i = find_name(l, rule, false);

	return i == l->n_names ? NULL : l->names[i].name;
}

uint8_t portlists_of(const struct portlists *l, const char *rule, const char *category)
{
	const size_t begin = strlen(BLOCK_PEER_BEGIN);
	const bool foreign = strncmp(rule, BLOCK_PEER_BEGIN, begin) == 0;
	const char *const slash = foreign ? strchr(rule + begin, '/') : NULL;
	size_t i = find_name(l, slash == NULL ? rule : slash + 1, foreign);

	for (size_t j = 0; j < l->n_names && i == l->n_names; j++)
		if (strcmp(category, l->names[j].name) == 0)
			i = j;
	return i == l->n_names ? 0 : l->names[i].list;
}

bool portlists_has(const struct portlists *l, uint16_t port)
{
	bool is = false;

	for (size_t i = 0; i < l->n && !is; i++)
		is = has(&l->lists[i].ports, port);
	return is;
}

static int by_number(const void *a, const void *b)
{
	uint16_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

void portlists_text(const struct portlists *l, size_t list, char out[static PORTLISTS_TEXT_MAX])
{
	uint16_t ports[PORTLISTS_MAX * PORTLISTS_PORTS_MAX];
	size_t n = 0, len = 0;
	bool all = false;

	for (size_t i = 0; i < l->n; i++) {
		const struct portlists_ports *const p = &l->lists[i].ports;

		if (list != PORTLISTS_MAX && list != i)
			continue;
		all |= p->n == 0;
		memcpy(ports + n, p->ports, p->n * sizeof *ports);
		n += p->n;
	}
	if (n > 0)
		qsort(ports, n, sizeof *ports, by_number);
	(void)snprintf(out, PORTLISTS_TEXT_MAX, "%s", all ? "all" : "");
	for (size_t i = 0; i < n && !all; i++)
		if (i == 0 || ports[i] != ports[i - 1])
			len += (size_t)snprintf(out + len, PORTLISTS_TEXT_MAX - len, "%s%u", i > 0 ? "," : "",
			                        ports[i]); /* fits */
}
