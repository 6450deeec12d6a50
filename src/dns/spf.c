#include "dns/spf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dns/spf_record.h"

enum {
	SHOWN_MAX = 80,
	IP4_BITS = 24,       /* as many addresses in all as in a /8 ... */
	IP6_BITS = 128 - 20, /* ... and in a /20 */
};

/* A stack of the records that are being read, each included by the one above. */
struct frame {
	const char *domain;
	const struct frame *above;
};

struct expansion {
	struct lookups *lookups;
	struct spf_networks *ret;
	struct why *why;
	unsigned n_terms, n_voids;
	bool waits; /* an answer is missing */
	bool seen;  /* ttl_s is that of an answer */
};

/* What the terms of a record have decided so far: the first term that matches an address decides about it. */
struct decided {
	struct nets passes, others;
};

static void decided_done(struct decided *d)
{
	nets_done(&d->passes);
	nets_done(&d->others);
}

/* --- sets of networks --- */

/*
 * Adds the part of net that is not in others, which is sealed. Returns false if there are more than SPF_NETS_MAX
 * networks.
 */
static bool add_rest(struct nets *to, const struct net *net, const struct nets *others)
{
	const struct net *around;
	struct net half;

	if (!nets_overlap(others, net)) {
		nets_add(to, net);
		return to->n <= SPF_NETS_MAX;
	}
	around = nets_find(others, &net->addr);
	if (around != NULL && around->len <= net->len)
		return true;
	half = net_around(&net->addr, (uint8_t)(net->len + 1));
	if (!add_rest(to, &half, others))
		return false;
	half.addr.bytes[net->len / 8] |= (uint8_t)(0x80U >> net->len % 8);
	return add_rest(to, &half, others);
}

/* Applies a term with this qualifier that matches nets. */
static int decide(struct expansion *x, struct decided *d, char qualifier, const struct nets *nets, const char *domain)
{
	struct nets *const to = qualifier == '+' ? &d->passes : &d->others;
	bool fits = true;

	for (size_t i = 0; i < nets->n && fits; i++) {
		if (qualifier == '+')
			fits = add_rest(to, &nets->list[i], &d->others);
		else
			nets_add(to, &nets->list[i]);
		fits &= to->n <= SPF_NETS_MAX;
	}
	nets_seal(to);
	return fits ? 0 : why_set(x->why, EINVAL, "SPF of %s: more than %d networks", domain, SPF_NETS_MAX);
}

static bool is_too_large(const struct nets *nets)
{
	uint64_t ip4 = 0, ip6 = 0; /* ip6 counts units of 2^(IP6_BITS - 32) addresses; smaller networks do not count */

	for (size_t i = 0; i < nets->n; i++) {
		const struct net *const net = &nets->list[i];
		const unsigned bits = 128U - net->len;

		if (addr_is_ip4(&net->addr) && net->len >= 96)
			ip4 += UINT64_C(1) << bits;
		else if (bits > IP6_BITS)
			return true;
		else if (bits >= IP6_BITS - 32)
			ip6 += UINT64_C(1) << (bits - (IP6_BITS - 32));
	}
	return ip4 > UINT64_C(1) << IP4_BITS || ip6 > UINT64_C(1) << 32;
}

/* --- answers --- */

static void note(struct expansion *x, const char *domain, struct span term, const char *what)
{
	char shown[SHOWN_MAX];

	if (x->ret->n_notes == SPF_NOTES_MAX)
		return;
	(void)text_escape(term, shown, sizeof shown);
	/* Truncated if the domain is long. */
	if (snprintf(x->ret->notes[x->ret->n_notes], SPF_NOTE_MAX, "%.60s: \"%s\" %s", domain, shown, what) > 0)
		x->ret->n_notes++;
}

/* Counts another term that queries name servers. */
static int count(struct expansion *x, const char *domain)
{
	if (++x->n_terms <= SPF_LOOKUPS_MAX)
		return 0;
	return why_set(x->why, EINVAL, "SPF of %s: more than %d terms that ask name servers", domain, SPF_LOOKUPS_MAX);
}

static int count_void(struct expansion *x, const char *domain)
{
	if (++x->n_voids <= SPF_VOID_MAX)
		return 0;
	return why_set(x->why, EINVAL, "SPF of %s: more than %d of its names do not exist", domain, SPF_VOID_MAX);
}

/*
 * Looks up a name. Returns 0 with the answer, or NULL while it is missing, in *ret; or -EAGAIN. One term needs at most
 * 1 + 2 * SPF_MX_MAX queries, so those of 10 terms and the domain fit the table; if the table is full, there are more
 * terms, and the domain is refused in the same run.
 */
static int look_up(struct expansion *x, const char *name, enum reply_type type, const struct reply **ret)
{
	const struct reply *const reply = *ret = lookups_find(x->lookups, name, type);

	if (reply == NULL) {
		x->waits = true;
		return 0;
	}
	if (reply->outcome == REPLY_FAILED)
		return why_set(x->why, EAGAIN, "%s: no name server answers", name);
	if (reply->outcome == REPLY_RECORDS && (!x->seen || reply->ttl_s < x->ret->ttl_s))
		x->ret->ttl_s = reply->ttl_s;
	x->seen |= reply->outcome == REPLY_RECORDS;
	return 0;
}

/* Adds the networks around the addresses of a name. *ret_none: it has no address. */
static int add_host(struct expansion *x, const char *name, const struct spf_record_term *term, struct nets *nets,
                    bool *ret_none)
{
	static const enum reply_type types[] = {REPLY_A, REPLY_AAAA};
	bool missing = false, any = false;

	for (size_t t = 0; t < 2; t++) {
		const struct reply *reply;
		const int rc = look_up(x, name, types[t], &reply);

		if (rc < 0)
			return rc;
		missing |= reply == NULL;
		for (size_t i = 0; reply != NULL && i < reply->nets.n; i++) {
			const struct net net =
				net_around(&reply->nets.list[i].addr,
			                   (uint8_t)(types[t] == REPLY_A ? 96 + term->len4 : term->len6));

			nets_add(nets, &net);
			any = true;
		}
	}
	*ret_none = !missing && !any;
	return 0;
}

static int add_mx(struct expansion *x, const char *domain, const struct spf_record_term *term, struct nets *nets,
                  bool *ret_none)
{
	const struct reply *reply;
	int rc = look_up(x, domain, REPLY_MX, &reply);

	*ret_none = rc == 0 && reply != NULL && reply->n == 0;
	if (rc < 0 || reply == NULL)
		return rc;
	if (reply->n > SPF_MX_MAX)
		return why_set(x->why, EINVAL, "SPF of %s: more than %d mail servers", domain, SPF_MX_MAX);
	for (size_t i = 0; i < reply->n && rc == 0; i++) {
		char name[REPLY_NAME_MAX];
		bool none = false;

		if (spf_record_domain((struct span){reply->texts[i], strlen(reply->texts[i])}, name))
			rc = add_host(x, name, term, nets, &none);
		if (rc == 0 && none)
			rc = count_void(x, domain);
	}
	return rc;
}

/* --- records --- */

static int expand(struct expansion *x, const struct frame *frame, struct nets *ret);

/* Finds the SPF record of a domain; ret->p is NULL if the answer is missing. */
static int find_record(struct expansion *x, const char *domain, struct span *ret)
{
	const struct reply *reply;
	const int rc = look_up(x, domain, REPLY_TXT, &reply);

	*ret = (struct span){NULL, 0};
	if (rc < 0 || reply == NULL)
		return rc;
	for (size_t i = 0; i < reply->n; i++) {
		const struct span text = {reply->texts[i], strlen(reply->texts[i])};

		if (!spf_record_is(text))
			continue;
		if (ret->p != NULL)
			return why_set(x->why, EINVAL, "SPF of %s: more than one record", domain);
		*ret = text;
	}
	return ret->p != NULL ? 0 : why_set(x->why, ENOENT, "%s has no SPF record", domain);
}

/* Adds the networks for which another domain passes. */
static int add_other(struct expansion *x, const struct frame *frame, const struct spf_record_term *term,
                     struct nets *nets)
{
	const struct frame below = {term->domain, frame};
	int rc;

	for (const struct frame *f = frame; f != NULL; f = f->above)
		if (strcmp(f->domain, term->domain) == 0)
			return why_set(x->why, EINVAL, "SPF of %s: it includes itself, through %s", f->domain,
			               frame->domain);
	rc = expand(x, &below, nets);
	if (rc == -ENOENT)
		return why_set(x->why, EINVAL, "SPF of %s: %s, which it names, has no SPF record", frame->domain,
		               term->domain);
	return rc;
}

/* Adds what one term matches. *ret_none: name servers have no record for it. */
static int match(struct expansion *x, const struct frame *frame, const struct spf_record_term *term, struct nets *nets,
                 bool *ret_none)
{
	const char *const name = term->domain[0] != '\0' ? term->domain : frame->domain;

	*ret_none = false;
	switch (term->kind) {
	case SPF_RECORD_IP:
		nets_add(nets, &term->net);
		return 0;
	case SPF_RECORD_A:
		return add_host(x, name, term, nets, ret_none);
	case SPF_RECORD_MX:
		return add_mx(x, name, term, nets, ret_none);
	case SPF_RECORD_INCLUDE:
	case SPF_RECORD_REDIRECT:
		return add_other(x, frame, term, nets);
	case SPF_RECORD_ALL:
	case SPF_RECORD_PTR:
	case SPF_RECORD_EXISTS:
		break;
	}
	return 0;
}

static int apply_term(struct expansion *x, const struct frame *frame, const struct spf_record_term *term,
                      struct decided *d)
{
	struct nets nets = {0};
	bool none;
	int rc = term->kind == SPF_RECORD_IP ? 0 : count(x, frame->domain);

	if (rc < 0)
		return rc;
	if (term->macro || term->kind == SPF_RECORD_PTR || term->kind == SPF_RECORD_EXISTS) {
		note(x, frame->domain, term->text, "depends on the message; it allows nothing");
		return 0;
	}
	rc = match(x, frame, term, &nets, &none);
	if (rc == 0 && none)
		rc = count_void(x, frame->domain);
	nets_seal(&nets);
	if (rc == 0)
		rc = decide(x, d, term->qualifier, &nets, frame->domain);
	nets_done(&nets);
	return rc;
}

/* Adds the networks for which the domain passes. */
static int expand(struct expansion *x, const struct frame *frame, struct nets *ret)
{
	struct spf_record record = {0};
	struct decided d = {0};
	struct span text;
	struct why why;
	int rc = find_record(x, frame->domain, &text);

	if (rc < 0 || text.p == NULL)
		return rc;
	if (spf_record_parse(text, &record, &why) < 0)
		return why_set(x->why, EINVAL, "SPF of %s: %s", frame->domain, why.text);
	for (size_t i = 0; i < record.n && rc == 0; i++) {
		const struct spf_record_term *const term = &record.terms[i];

		if (term->kind != SPF_RECORD_ALL) {
			rc = apply_term(x, frame, term, &d);
			continue;
		}
		if (term->qualifier == '+')
			rc = why_set(x->why, EINVAL, "SPF of %s: \"%.*s\" allows everybody", frame->domain,
			             (int)term->text.len, term->text.p);
		break; /* terms after it are ignored */
	}
	for (size_t i = 0; i < d.passes.n && rc == 0; i++)
		nets_add(ret, &d.passes.list[i]);
	spf_record_done(&record);
	decided_done(&d);
	return rc;
}

int spf_expand(const char *domain, struct lookups *lookups, struct spf_networks *ret, struct why *why)
{
	const struct frame frame = {domain, NULL};
	struct expansion x = {.lookups = lookups, .ret = ret, .why = why};
	int rc;

	*ret = (struct spf_networks){.ttl_s = 0};
	rc = expand(&x, &frame, &ret->nets);
	nets_seal(&ret->nets);
	if (rc == 0 && x.waits)
		rc = SPF_WAITS;
	else if (rc == 0 && is_too_large(&ret->nets))
		rc = why_set(why, EINVAL, "SPF of %s: its networks are larger than an IPv4 /8 or an IPv6 /20 together",
		             domain);
	if (rc != 0)
		nets_done(&ret->nets);
	return rc;
}
