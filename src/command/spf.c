/* spf: asks name servers now for the networks that a domain sends from. Needs no daemon. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "command/command.h"
#include "dns/senders.h"
#include "dns/spf_record.h"

/* Waits for the answer, or until the time is over. */
static struct senders_news await(struct senders *senders)
{
	struct senders_news news;

	for (;;) {
		const int64_t now_ms = clock_steady_ms();
		struct pollfd polled;

		(void)senders_turn(senders, now_ms);
		if (senders_next(senders, &news))
			return news;
		polled = (struct pollfd){.fd = senders_fd(senders), .events = POLLIN};
		(void)poll(&polled, 1, senders_timeout_ms(senders, now_ms));
	}
}

static void print_json(const struct senders_news *news)
{
	json_t *const object = alloc_check(json_object(), 0, "JSON"), *const nets = json_array(),
		      *const notes = json_array();
	char text[NET_TEXT_MAX];

	for (size_t i = 0; i < news->networks->nets.n; i++) {
		(void)net_text(&news->networks->nets.list[i], text);
		(void)json_array_append_new(nets, json_string(text));
	}
	for (size_t i = 0; i < news->networks->n_notes; i++)
		(void)json_array_append_new(notes, json_string(news->networks->notes[i]));
	json_put_text(object, "domain", news->domain);
	(void)json_object_set_new(object, "ttl", json_integer(news->networks->ttl_s));
	(void)json_object_set_new(object, "networks", nets);
	(void)json_object_set_new(object, "notes", notes);
	json_put_text(object, "error", news->what == SENDERS_KNOWN ? NULL : news->why.text);
	command_print_json(object);
}

static void print_text(const struct senders_news *news)
{
	char text[NET_TEXT_MAX];

	for (size_t i = 0; i < news->networks->nets.n; i++) {
		(void)net_text(&news->networks->nets.list[i], text);
		(void)printf("%s\n", text);
	}
	for (size_t i = 0; i < news->networks->n_notes; i++)
		(void)fprintf(stderr, "watchforspammers: %s\n", news->networks->notes[i]);
	if (news->what != SENDERS_KNOWN)
		(void)command_fail(COMMAND_NO, &news->why);
}

int command_spf(int argc, char **argv, const struct command_env *env)
{
	static const char *const options[] = {NULL};
	char name[REPLY_NAME_MAX], *const domains[] = {name};
	struct senders *senders;
	struct senders_news news;

	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return command_no_option(argv[0], argv[i], options);
	if (argc < 2)
		return command_usage(argv[0], "of which domain?");
	if (argc > 2)
		return command_no_word(argv[0], argv[2]);
	if (!spf_record_domain((struct span){argv[1], strlen(argv[1])}, name))
		return command_usage(argv[0], "want a domain such as example.org");
	senders = senders_new(domains, 1, NULL);
	news = await(senders);
	if (env->json)
		print_json(&news);
	else
		print_text(&news);
	senders_free(senders);
	return news.what == SENDERS_KNOWN ? COMMAND_DONE : news.what == SENDERS_ERROR ? COMMAND_NO : COMMAND_SYSTEM;
}
