#include "rulecheck/addresses.h"

#include <string.h>

#include "base/alloc.h"
#include "rulecheck/words.h"
#include "rules/compiled.h"

size_t addresses_find(struct span m, struct addresses_found ret[static ADDRESSES_MAX])
{
	pcre2_code *const code = compiled_piece("<ADDR>");
	pcre2_match_data *const data = code != NULL ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
	const int group = code != NULL ? pcre2_substring_number_from_name(code, (PCRE2_SPTR) "addr") : 0;
	size_t n = 0;

	if (data == NULL || group <= 0)
		alloc_failed(0, "the regex of <ADDR>");
	for (size_t i = 0; i < m.len && n < ADDRESSES_MAX; i++) {
		const PCRE2_SIZE *const v = pcre2_get_ovector_pointer(data);

		if (pcre2_match(code, (PCRE2_SPTR)m.p, m.len, i, 0, data, NULL) <= 0 || v[1] == v[0] ||
		    !addr_parse(m.p + v[2 * group], v[2 * group + 1] - v[2 * group], &ret[n].address))
			continue;
		ret[n++].where = (struct span){m.p + v[0], v[1] - v[0]};
		i = v[1] - 1;
	}
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return n;
}

/* Returns true if position at is between the two marks: one is open there, and is closed later. */
static bool is_inside(struct span m, size_t at, char open, char close)
{
	bool inside = false;

	for (size_t i = 0; i < at; i++)
		if (m.p[i] == open && (open != close || !inside))
			inside = true;
		else if (m.p[i] == close)
			inside = false;
	return inside && memchr(m.p + at, close, m.len - at) != NULL;
}

/* Returns how much the word before an address, "word=ADDRESS" or "word ADDRESS", suggests that it is the client's. */
static int weigh_word(struct span word)
{
	static const char *const client[] = {"rip",      "ip",        "client",   "addr",           "address",
	                                     "remote",   "rhost",     "src",      "host",           "from",
	                                     "peer",     "oip",       "clientip", "client_ip",      "remote_ip",
	                                     "remoteIp", "client-ip", "source",   "client_address", "remote_addr",
	                                     NULL};
	static const char *const ours[] = {"lip",  "dst",     "local", "I",   "i",   "to", "server",
	                                   "helo", "localip", "laddr", "for", "via", NULL};

	return words_one_of(word, ours) ? -40 : words_one_of(word, client) ? 30 : 0;
}

static int weigh(struct span m, const struct addresses_found *f)
{
	size_t at = (size_t)(f->where.p - m.p), name;
	int weight = 0;

	if (is_inside(m, at, '<', '>') || is_inside(m, at, '"', '"'))
		weight -= 50;
	if (is_inside(m, at, '(', ')'))
		weight -= 10;
	if (at > 0 && m.p[at - 1] == '[') {
		at--;
		weight += 10;
		name = at;
		while (name > 0 && words_name_byte(m.p[name - 1]))
			name--;
		if (name < at) /* name[ADDRESS] */
			return weight + 15 +
			       (name > 0 && (m.p[name - 1] == ' ' || m.p[name - 1] == '=')
			                ? weigh_word(words_before(m, name - 1)) / 2
			                : 0);
	}
	if (at > 0 && m.p[at - 1] == '=')
		return weight + weigh_word(words_before(m, at - 1));
	while (at > 0 && m.p[at - 1] == ' ')
		at--;
	if (at > 0 && m.p[at - 1] == ':')
		at--;
	return weight + weigh_word(words_before(m, at));
}

/*
 * Of several addresses with the same weight the last wins, because what a client sends about itself often comes before
 * what the server found; but of "name[ADDRESS]" the first.
 */
const struct addresses_found *addresses_client(struct span m, const struct addresses_found *found, size_t n)
{
	const struct addresses_found *best = NULL;
	int best_weight = 0;

	for (size_t i = 0; i < n; i++) {
		const struct net net = net_of(&found[i].address);
		const bool bracket = found[i].where.p > m.p && found[i].where.p[-1] == '[';
		const int weight = weigh(m, &found[i]);

		if (net_is_never(&net))
			continue;
		if (best == NULL || weight > best_weight || (weight == best_weight && !bracket)) {
			best = &found[i];
			best_weight = weight;
		}
	}
	return best;
}
