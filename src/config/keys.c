#include "config/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "build.h" /* WFS_PATTERN_DIR */
#include "config/peers.h"

enum {
	NUMBER_MAX = 1000000,
	ACCOUNT_ADDRESSES_MAX = 12, /* a verdict remembers no more */
	NETWORK_AFTER_MAX = 64,     /* likewise */
	YEAR_S = 366 * 86400,
	DURATION_MAX_S = 3660 * 86400, /* the limit of duration_parse */
	SECONDS_MIN = 2,               /* a recent rule of 1 s would forget an address before the next refresh */
	SECONDS_MAX = 7 * 86400,
};

#define AT(member) offsetof(struct config, member)
#define MAIL_PORTS "25,110,143,465,587,993,995,4190"

/* One row per key, in the order of the manual page. */
static const struct config_row rows[] = {
	{{"journal", "read", "auto"}, .read = value_reading},
	{{"journal", "namespace", ""}, .read = value_namespace, .at = AT(journal.namespace)},
	{{"journal", "machine", ""}, .read = value_namespace, .at = AT(journal.machine)},
	{{"journal", "directory", ""}, .read = value_directory, .at = AT(journal.directory)},
	{{"block", "threshold", "100"}, .read = value_number, .at = AT(block.threshold), .min = 1, .max = NUMBER_MAX},
	{{"block", "window", "1h"}, .read = value_duration, .at = AT(block.window_s), .min = 1, .max = YEAR_S},
	{{"block", "for", "10m 1h 6h 1d 7d"}, .read = value_durations},
	{{"block", "memory", "30d"}, .read = value_duration, .at = AT(block.memory_s), .min = 1, .max = DURATION_MAX_S},
	{{"block", "extend", "yes"}, .read = value_boolean, .at = AT(block.extend)},
	{{"block", "ip6_prefix", "64"}, .read = value_number, .at = AT(block.ip6_prefix), .min = 48, .max = 128},
	{{"block", "network_after", "0"},
         .read = value_network,
         .at = AT(block.network_after),
         .max = NETWORK_AFTER_MAX},
	{{"block", "network_threshold", "3x"},
         .read = value_times,
         .at = AT(block.network_threshold),
         .max = 3 * NUMBER_MAX},
	{{"block", "account_addresses", "5"},
         .read = value_network,
         .at = AT(block.account_addresses),
         .max = ACCOUNT_ADDRESSES_MAX},
	{{"block", "slow", "10 in 24h"}, .read = value_slow},
	{{"block", "quarantine", "5"}, .read = value_number, .at = AT(block.quarantine), .max = NUMBER_MAX},
	{{"block", "max_blocks_per_minute", "600"},
         .read = value_number,
         .at = AT(block.max_blocks_per_minute),
         .max = NUMBER_MAX},
	{{"block", "file", ""}, .read = value_files, .at = AT(block.files), .repeatable = true},
	{{"allow", "address", ""}, .read = value_addresses, .repeatable = true},
	{{"allow", "name", ""}, .read = value_names, .at = AT(allow.names), .repeatable = true},
	{{"allow", "file", ""}, .read = value_files, .at = AT(allow.files), .repeatable = true},
	{{"allow", "spf", ""}, .read = value_domains, .at = AT(allow.spf), .repeatable = true},
	{{"allow", "client", ""}, .read = value_clients, .at = AT(allow.clients), .repeatable = true},
	{{"allow", "private", "yes"}, .read = value_boolean, .at = AT(allow.private)},
	{{"allow", "earn_days", "3"}, .read = value_number, .at = AT(allow.earn_days), .max = 31},
	{{"allow", "cluster_for", "36d"}, .read = value_duration, .at = AT(allow.cluster_for_s), .max = DURATION_MAX_S},
	{{"dns", "list", ""}, .read = value_dns_list, .repeatable = true},
	{{"dns", "allow_for", "1d"},
         .read = value_duration,
         .at = AT(dns.allow_for_s),
         .min = 1,
         .max = DURATION_MAX_S},
	{{"dns", "wait", "0"}, .read = value_duration, .at = AT(dns.wait_s), .max = 5},
	{{"dns", "ptr", "0"}, .read = value_number, .at = AT(dns.ptr), .max = 1000},
	{{"dns", "ptr_mismatch", "0"}, .read = value_number, .at = AT(dns.ptr_mismatch), .max = 1000},
	{{"firewall", "backend", "auto"}, .read = value_backend, .at = AT(firewall.backend)},
	{{"firewall", "manage_rules", "yes"}, .read = value_boolean, .at = AT(firewall.manage_rules)},
	{{"firewall", "chain", "SPAMMER"}, .read = value_word, .at = AT(firewall.chain)},
	{{"firewall", "hooks", "input"}, .read = value_hooks},
	{{"firewall", "jump_from", ""}, .read = value_chains},
	{{"firewall", "list", "spammer"}, .read = value_sets, .at = AT(firewall.list)},
	{{"firewall", "ports", "25"}, .read = value_ports},
	{{"firewall", "ports.auth", MAIL_PORTS}, .read = value_ports},
	{{"firewall", "ports.manual", MAIL_PORTS}, .read = value_ports},
	{{"firewall", "ports.vote", MAIL_PORTS}, .read = value_ports},
	{{"firewall", "ports.flood", MAIL_PORTS}, .read = value_ports},
	{{"firewall", "ports.network", MAIL_PORTS}, .read = value_ports},
	{{"firewall", "ports.file", MAIL_PORTS}, .read = value_ports},
	{{"firewall", "ports.sshd", "22"}, .read = value_ports},
	{{"firewall", "ports.dropbear", "22"}, .read = value_ports},
	{{"firewall", "action", "drop"}, .read = value_action},
	{{"firewall", "sessions", "drop"}, .read = value_sessions},
	{{"firewall", "log_prefix", ""}, .read = value_prefix, .at = AT(firewall.log_prefix)},
	{{"firewall", "seconds", "600"},
         .read = value_duration,
         .at = AT(firewall.seconds),
         .min = SECONDS_MIN,
         .max = SECONDS_MAX},
	{{"firewall", "resync", "15s"},
         .read = value_duration,
         .at = AT(firewall.resync_s),
         .min = 1,
         .max = DURATION_MAX_S},
	{{"firewall", "keep_on_stop", "no"}, .read = value_boolean, .at = AT(firewall.keep_on_stop)},
	{{"firewall", "connections", ""}, .read = value_rate},
	{{"gate", "networks", ""}, .read = value_gate},
	{{"gate", "ports", "25"}, .read = value_gate},
	{{"gate", "pause", "1m"}, .read = value_gate},
	{{"gate", "window", "4h"}, .read = value_gate},
	{{"gate", "count", "6"}, .read = value_gate},
	{{"gate", "pass", "36d"}, .read = value_gate},
	{{"gate", "pass_networks", ""}, .read = value_gate},
	{{"gate", "open_after", "15m"}, .read = value_gate},
	{{"database", "path", "/var/lib/watchforspammers/hits.db"}, .read = value_path, .at = AT(database.path)},
	{{"database", "keep", "90d"},
         .read = value_duration,
         .at = AT(database.keep_s),
         .min = 1,
         .max = DURATION_MAX_S},
	{{"export", "file", ""}, .read = value_directory, .at = AT(export.file)},
	{{"export", "format", "plain"}, .read = value_format, .at = AT(export.file_format)},
	{{"control", "socket", "/run/watchforspammers/control"}, .read = value_socket, .at = AT(control.socket)},
	{{"control", "group", "watchforspammers"}, .read = value_text, .at = AT(control.group)},
	{{"control", "readers", "adm"}, .read = value_text, .at = AT(control.readers)},
	{{"control", "tcp", ""}, .read = value_loopback},
	{{"control", "token_file", "/etc/watchforspammers/tokens"}, .read = value_path, .at = AT(control.token_file)},
	{{"share", "peers", PEERS_DEFAULT_PATH}, .read = value_path, .at = AT(share.peers)},
	{{"share", "group", "watchforspammers-share"}, .read = value_text, .at = AT(share.group)},
	{{"share", "good_key", ""}, .read = value_directory, .at = AT(share.good_key)},
	{{"run", "user", "watchforspammers"}, .read = value_text, .at = AT(run.user)},
	{{"run", "patterns", WFS_PATTERN_DIR " /etc/watchforspammers/patterns"}, .read = value_dirs},
};

enum { N_ROWS = sizeof rows / sizeof *rows };

size_t config_keys(const struct config_key **ret)
{
	static struct config_key keys[N_ROWS];

	for (size_t i = 0; i < N_ROWS; i++)
		keys[i] = rows[i].key;
	*ret = keys;
	return N_ROWS;
}

/* Maps "[gate mail]" to "gate", which has its keys. */
static const char *without_name(const char *section)
{
	return strncasecmp(section, "gate ", 5) == 0 || strncasecmp(section, "gate\t", 5) == 0 ? "gate" : section;
}

const struct config_row *keys_find(const char *section, const char *key)
{
	section = without_name(section);
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcasecmp(rows[i].key.section, section) == 0 && strcasecmp(rows[i].key.key, key) == 0)
			return &rows[i];
	return strcasecmp(section, "firewall") == 0 && strncasecmp(key, "ports.", strlen("ports.")) == 0
	               ? keys_find("firewall", "ports")
	               : NULL;
}

bool keys_have_section(const char *section)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcasecmp(rows[i].key.section, section) == 0)
			return true;
	return false;
}

const char *keys_read(const struct config_row *row, struct config *config, const char *key, const char *text,
                      bool is_given, char want[static VALUE_WANT_MAX])
{
	struct value v = {.config = config,
	                  .at = row->at,
	                  .min = row->min,
	                  .max = row->max,
	                  .key = key,
	                  .text = text,
	                  .is_given = is_given};
	const char *const wanted = row->read(&v);

	if (wanted == NULL)
		return NULL;
	(void)snprintf(want, VALUE_WANT_MAX, "%s", wanted);
	return want;
}

void keys_read_defaults(struct config *config)
{
	char ignored[VALUE_WANT_MAX];

	for (size_t i = 0; i < N_ROWS; i++)
		if (keys_read(&rows[i], config, rows[i].key.key, rows[i].key.value, false, ignored) != NULL)
			abort(); /* a default that its own reader rejects */
}

const char *keys_proposal(const char *section, const char *word, char out[static KEYS_NEAR_MAX])
{
	const char *words[N_ROWS + 3] = {NULL};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < N_ROWS; i++)
		if (section == NULL || strcasecmp(rows[i].key.section, without_name(section)) == 0)
			words[n++] = section == NULL ? rows[i].key.section : rows[i].key.key;
	if (section == NULL) {
		words[n++] = "log";
		words[n++] = "socket";
	}
	near = text_nearest(word, words);
	if (near == NULL)
		out[0] = '\0';
	else
		(void)snprintf(out, KEYS_NEAR_MAX, "; did you mean \"%s\"?", near);
	return out;
}
