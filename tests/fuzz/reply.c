/*
 * Fuzz target of reply: any bytes as a name server's packet, and what it has as text as an SPF record. Whatever they
 * are:
 * - it ends, with records of the type that was asked for, or none;
 * - a name has no byte in it that ends a line; a record's terms are in it, and their networks have no host bits.
 */
#include "dns/reply.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dns/spf_record.h"
#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* A question for "a", and one record of it. */
	static const char head[] = "\0\1\x81\x80\0\1\0\1\0\0\0\0\1a\0";
	static const struct {
		const char *bytes;
		size_t len;
	} records[] = {
		{"\0\1\0\1\xC0\x0C\0\1\0\1\0\0\0\x3C\0\4\xC0\0\2\7", 20},
		{"\0\x10\0\1\xC0\x0C\0\x10\0\1\0\0\0\x3C\0\x16\x15v=spf1 a mx/24//64 -all", 38},
		{"\0\x0F\0\1\xC0\x0C\0\x0F\0\1\0\0\0\x3C\0\4\0\x0A\xC0\x0C", 20},
		{"\0\5\0\1\xC0\x0C\0\5\0\1\0\0\0\x3C\0\2\xC0\x0C", 18},
	};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		seeds_add(head, sizeof head - 1, records[i].bytes, records[i].len);
	return 0;
}

static void check_record(const char *text)
{
	const struct span span = {text, strlen(text)};
	struct spf_record record;
	struct why why;

	if (!spf_record_is(span) || spf_record_parse(span, &record, &why) < 0)
		return;
	for (size_t i = 0; i < record.n; i++) {
		const struct spf_record_term *const t = &record.terms[i];
		const struct net same = net_around(&t->net.addr, t->net.len);

		check(t->text.p >= text && t->text.p + t->text.len <= text + span.len);
		check(t->kind != SPF_RECORD_IP || net_order(&same, &t->net) == 0);
		check(t->len4 <= 32 && t->len6 <= 128);
		check(t->domain[0] == '\0' ||
		      t->domain[strspn(t->domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0');
	}
	spf_record_done(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum reply_type types[] = {REPLY_A, REPLY_AAAA, REPLY_TXT, REPLY_MX, REPLY_PTR};
	uint8_t *const copy = malloc(size > 0 ? size : 1); /* so that the address sanitizer sees a read past it */
	char *const text = calloc(size + 8, 1);

	check(copy != NULL && text != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
		struct reply reply;

		reply_read(copy, size, "a", types[t], &reply);
		check((reply.outcome == REPLY_RECORDS) == (reply.n + reply.nets.n > 0));
		check(reply.nets.n <= REPLY_ADDRESSES_MAX);
		for (size_t i = 0; i < reply.n; i++) {
			check(types[t] == REPLY_TXT || reply.texts[i][strcspn(reply.texts[i], "\n\033")] == '\0');
			check_record(reply.texts[i]);
		}
		reply_done(&reply);
	}
	memcpy(text, "v=spf1 ", 7);
	if (size > 0)
		memcpy(text + 7, data, size);
	check_record(text);
	free(text);
	free(copy);
	return 0;
}
