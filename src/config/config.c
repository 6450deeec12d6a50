#include "config/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/confdir.h"
#include "base/ini.h"
#include "base/text.h"
#include "config/keys.h"

enum {
	QUOTED_MAX = 80,
};

static const char *shown(const char *text, char out[static QUOTED_MAX])
{
	(void)text_escape((struct span){text, strlen(text)}, out, QUOTED_MAX);
	return out;
}

/*
 * Returns the path in "[log /var/log/mail.log]" or the name in "[gate mail]", or NULL if the section is another one.
 * word: "log".
 */
static const char *section_name(const char *section, const char *word)
{
	const size_t len = strlen(word);

	if (strncasecmp(section, word, len) != 0 ||
	    (section[len] != '\0' && section[len] != ' ' && section[len] != '\t'))
		return NULL;
	return section + len + strspn(section + len, " \t");
}

/* One file of the configuration while it is read, and how much the files before it had. */
struct part {
	const char *file;
	struct ini *ini; /* NULL: the file does not exist */
	size_t n_logs, n_sockets;
};

/*
 * Adds the path of a section to a list of at most max paths, of which the first n_before come from earlier files.
 * example: such a section, for messages.
 */
static int add_path(char **list, size_t *n, size_t n_before, size_t max, const char *example, const char *path,
                    const char *file, const struct ini_entry *e, struct why *why)
{
	char quoted[QUOTED_MAX];

	if (path[0] != '/' || path[strlen(path) - 1] == '/')
		return why_set(why, EINVAL, "%s:%u: [%s]: want the absolute path of a file, as in [%s]", file, e->line,
		               shown(e->section, quoted), example);
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], path) == 0)
			return i < n_before ? 0
			                    : why_set(why, EINVAL, "%s:%u: [%s] appears twice", file, e->line,
			                              shown(e->section, quoted));
	if (*n == max)
		return why_set(why, EINVAL, "%s:%u: more than %zu %.*ss", file, e->line, max,
		               (int)strcspn(example, " "), example);
	list[(*n)++] = alloc_text(path, "the configuration");
	return 0;
}

/* Reads "[log /var/log/mail.log]", "[socket /run/watchforspammers/log]", or a section with keys. */
static int read_section(struct config *config, const struct part *part, const struct ini_entry *e, struct why *why)
{
	const char *const file = part->file;
	const char *const log = section_name(e->section, "log"), *const socket = section_name(e->section, "socket"),
			  *const gate = section_name(e->section, "gate"), *wanted;
	char quoted[QUOTED_MAX], near[KEYS_NEAR_MAX];

	if (log != NULL)
		return add_path(config->logs, &config->n_logs, part->n_logs, CONFIG_LOGS_MAX, "log /var/log/mail.log",
		                log, file, e, why);
	if (socket != NULL)
		return add_path(config->sockets, &config->n_sockets, part->n_sockets, CONFIG_SOCKETS_MAX,
		                "socket /run/watchforspammers/log", socket, file, e, why);
	if (gate != NULL && (wanted = gates_add(&config->gates, gate)) != NULL)
		return why_set(why, EINVAL, "%s:%u: [%s]: want %s", file, e->line, shown(e->section, quoted), wanted);
	if (gate == NULL && !keys_have_section(e->section))
		return why_set(why, EINVAL, "%s:%u: no section [%s]%s", file, e->line, shown(e->section, quoted),
		               keys_proposal(NULL, e->section, near));
	return 0;
}

/* Returns the error of the first invalid address in value, or 0 if there is none. */
static int find_bad_address(const char *value, struct why *ret)
{
	int rc = 0;

	while (rc == 0 && *value != '\0') {
		const size_t len = strcspn(value, " \t,");
		struct net ignored;

		if (len > 0)
			rc = net_read((struct span){value, len}, &ignored, ret);
		value += len;
		value += strspn(value, " \t,");
	}
	return rc;
}

/* Returns the "# my office" at the end of a value, which would be read as part of it; or NULL. */
static const char *find_comment(const char *value)
{
	const char *p = value + strcspn(value, "#;");

	while (*p != '\0' && (p == value || (p[-1] != ' ' && p[-1] != '\t')))
		p += 1 + strcspn(p + 1, "#;");
	return *p == '\0' ? NULL : p;
}

static int refuse(const char *file, const struct config_row *row, const struct ini_entry *e, const char *want,
                  struct why *why)
{
	const char *const comment = find_comment(e->value);
	char quoted[QUOTED_MAX];
	struct why reason;

	if (comment != NULL)
		return why_set(why, EINVAL, "%s:%u: %s: a comment cannot follow a value; put \"%s\" on its own line",
		               file, e->line, row->key.key, shown(comment, quoted));
	if (row->read == value_addresses && find_bad_address(e->value, &reason) < 0)
		return why_set(why, EINVAL, "%s:%u: %s: %s", file, e->line, row->key.key, reason.text);
	return why_set(why, EINVAL, "%s:%u: %s: want %s, got \"%s\"", file, e->line, row->key.key, want,
	               shown(e->value, quoted));
}

static bool is_same_key(const struct ini_entry *a, const struct ini_entry *b)
{
	return a->key != NULL && strcasecmp(a->section, b->section) == 0 && strcasecmp(a->key, b->key) == 0;
}

static int read_entry(struct config *config, const struct part *part, size_t i, struct why *why)
{
	const struct ini *const ini = part->ini;
	const char *const file = part->file;
	const struct ini_entry *const e = &ini->entries[i];
	char quoted[QUOTED_MAX], quoted2[QUOTED_MAX], near[KEYS_NEAR_MAX];
	char sentence[VALUE_WANT_MAX];
	const struct config_row *row;
	const char *want;

	if (e->key == NULL)
		return read_section(config, part, e, why);
	row = keys_find(e->section, e->key);
	if (row == NULL)
		return why_set(why, EINVAL, "%s:%u: [%s] has no key \"%s\"%s", file, e->line,
		               shown(e->section, quoted2), shown(e->key, quoted),
		               keys_proposal(e->section, e->key, near));
	if (!row->repeatable)
		for (size_t j = 0; j < i; j++)
			if (is_same_key(&ini->entries[j], e))
				return why_set(why, EINVAL, "%s:%u: %s appears twice, first in line %u", file, e->line,
				               row->key.key, ini->entries[j].line);
	want = keys_read(row, config, e->key, e->value, true, sentence);
	return want == NULL ? 0 : refuse(file, row, e, want, why);
}

static struct config *defaults(void)
{
	struct config *const config = alloc_zero(1, sizeof *config, "the configuration");

	config->allow.nets =
		alloc_zero(CONFIG_ALLOW_MAX + ADDR_PRIVATE, sizeof *config->allow.nets, "the configuration");
	keys_read_defaults(config);
	return config;
}

/* Puts the private networks first: the root process has space for a limited number only. */
static void add_private(struct config *config)
{
	const struct net *private;

	if (!config->allow.private)
		return;
	addr_private(&private);
	config->allow.n_private = ADDR_PRIVATE;
	memmove(config->allow.nets + ADDR_PRIVATE, config->allow.nets, config->allow.n * sizeof *config->allow.nets);
	memcpy(config->allow.nets, private, ADDR_PRIVATE * sizeof *private);
	config->allow.n += ADDR_PRIVATE;
}

/* Sets what depends on other keys. */
static void finish(struct config *config)
{
	config->names_logs = config->n_logs > 0;
	if (config->n_logs == 0 && config->n_sockets == 0)
		config->logs[config->n_logs++] = alloc_text("/var/log/mail.log", "the configuration");
	add_private(config);
	if (config->block.network_threshold < 0)
		config->block.network_threshold *= -config->block.threshold;
}

/* Assigns port lists. If the daemon does not manage rules, there is one list unless the user names others. */
static int settle_ports(struct config *config, const char *path, struct why *why)
{
	struct portlists *const ports = &config->firewall.ports;
	const char *wanted;

	ports->given |= !config->firewall.manage_rules;
	wanted = portlists_settle(ports);
	for (size_t i = 1; i < ports->n && wanted == NULL; i++)
		if (strlen(ports->lists[i].name) + strlen(config->firewall.chain) > VALUE_NAME_MAX_LEN - 1 ||
		    strlen(ports->lists[i].name) + strlen(config->firewall.list) > VALUE_NAME_MAX_LEN - 1)
			wanted = "chain and list with at most 23 characters after the name of a category is appended";
	return wanted == NULL ? 0 : why_set(why, EINVAL, "%s: [firewall] ports: want %s", path, wanted);
}

/*
 * Checks that there is nftables if gates or the tarpit are used: they are nftables sets and rules in a table of ours.
 */
static int settle_gates(const struct config *config, const char *path, struct why *why)
{
	const bool has_nftables = strcmp(config->firewall.backend, "recent") != 0 && config->firewall.manage_rules;
	struct why reason;

	if (config->firewall.action == CONFIG_TARPIT && !has_nftables)
		return why_set(
			why, EINVAL,
			"%s: [firewall] action = tarpit needs nftables: set backend = nftables, and manage_rules = yes",
			path);
	if (config->gates.n == 0)
		return 0;
	if (!has_nftables)
		return why_set(
			why, EINVAL,
			"%s: [gate %s] needs nftables: set [firewall] backend = nftables, and manage_rules = yes", path,
			config->gates.gates[0].name);
	return gates_settle(&config->gates, &reason) < 0 ? why_set(why, EINVAL, "%s: %s", path, reason.text) : 0;
}

static void free_parts(struct part parts[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		ini_free(parts[i].ini);
}

static void begin_part(const struct config *config, struct part *part)
{
	part->n_logs = config->n_logs;
	part->n_sockets = config->n_sockets;
}

/* Builds the configuration from the n parts; the first is the main file. */
static int from_parts(struct part parts[], size_t n, struct config **ret, struct why *why)
{
	struct config *const config = defaults();
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < n; k++) {
		begin_part(config, &parts[k]);
		for (size_t i = 0; rc == 0 && parts[k].ini != NULL && i < parts[k].ini->n; i++)
			rc = read_entry(config, &parts[k], i, why);
	}
	if (rc == 0) {
		finish(config);
		rc = settle_ports(config, parts[0].file, why);
	}
	if (rc == 0)
		rc = settle_gates(config, parts[0].file, why);
	if (rc < 0)
		config_free(config);
	else
		*ret = config;
	return rc;
}

static int refuse_reading(int rc, const char *path, struct why *why)
{
	return rc == -EACCES ? why_set(why, EACCES, "%s: Permission denied; run this as root", path) : rc;
}

int config_read(const char *path, bool may_be_absent, struct config **ret, struct why *why)
{
	struct part parts[1 + CONFDIR_MAX] = {{.file = path}};
	struct confdir dir = {.n = 0};
	size_t n = 1;
	int rc = ini_read(path, &parts[0].ini, why);

	if (rc == -ENOENT && may_be_absent)
		rc = 0;
	if (rc == 0)
		rc = confdir_list(path, &dir, why);
	for (size_t i = 0; i < dir.n && rc == 0; i++, n++) {
		parts[n].file = dir.paths[i];
		rc = refuse_reading(ini_read(dir.paths[i], &parts[n].ini, why), dir.paths[i], why);
	}
	rc = rc == 0 ? from_parts(parts, n, ret, why) : refuse_reading(rc, parts[n - 1].file, why);
	free_parts(parts, n);
	confdir_done(&dir);
	return rc;
}

int config_read_files(const struct config_file files[], size_t n, struct config **ret, struct why *why)
{
	struct part parts[1 + CONFDIR_MAX] = {{0}};
	int rc = 0;

	assert(n > 0 && n <= 1 + CONFDIR_MAX);
	for (size_t i = 0; i < n && rc == 0; i++) {
		parts[i].file = files[i].path;
		rc = files[i].fd < 0 ? 0 : ini_read_fd(files[i].path, files[i].fd, &parts[i].ini, why);
	}
	if (rc == 0)
		rc = from_parts(parts, n, ret, why);
	free_parts(parts, n);
	return rc;
}

/*
 * Restores the key of a wrong entry in the last part, which may have been read partly, to its value before that entry.
 */
static void undo_entry(struct config *config, const struct part parts[], size_t last, size_t i)
{
	const struct ini_entry *const e = &parts[last].ini->entries[i];
	const struct config_row *const row = e->key == NULL ? NULL : keys_find(e->section, e->key);
	char ignored[VALUE_WANT_MAX];

	if (row == NULL || row->repeatable)
		return;
	(void)keys_read(row, config, e->key, row->key.value, false, ignored);
	for (size_t k = 0; k <= last; k++)
		for (size_t j = 0; parts[k].ini != NULL && j < (k < last ? parts[k].ini->n : i); j++)
			if (is_same_key(&parts[k].ini->entries[j], e))
				(void)keys_read(row, config, e->key, parts[k].ini->entries[j].value, true, ignored);
}

/*
 * Reads the valid entries of a part. Returns rc if it is an error already, else the first error, with its sentence in
 * why.
 */
static int read_rest(struct config *config, struct part parts[], size_t last, int rc, struct why *why)
{
	struct part *const part = &parts[last];

	begin_part(config, part);
	for (size_t i = 0; part->ini != NULL && i < part->ini->n; i++) {
		struct why more;
		const int wrong = read_entry(config, part, i, &more);

		if (wrong == 0)
			continue;
		undo_entry(config, parts, last, i);
		if (rc == 0) {
			rc = wrong;
			*why = more;
		}
	}
	return rc;
}

int config_read_rest(const char *path, bool may_be_absent, struct config **ret, struct why *why)
{
	struct config *const config = defaults();
	struct part parts[1 + CONFDIR_MAX] = {{.file = path}};
	struct confdir dir;
	struct why other;
	size_t n = 1;
	int rc = ini_read_rest(path, &parts[0].ini, why), wrong;

	if (rc == -ENOENT && may_be_absent)
		rc = 0;
	rc = read_rest(config, parts, 0, rc, why);
	wrong = confdir_list(path, &dir, rc == 0 ? why : &other);
	rc = rc == 0 ? wrong : rc;
	for (size_t i = 0; i < dir.n; i++, n++) {
		parts[n].file = dir.paths[i];
		wrong = ini_read_rest(dir.paths[i], &parts[n].ini, rc == 0 ? why : &other);
		rc = read_rest(config, parts, n, rc == 0 ? wrong : rc, why);
	}
	finish(config);
	wrong = settle_ports(config, path, rc == 0 ? why : &other);
	rc = rc == 0 ? wrong : rc;
	wrong = settle_gates(config, path, rc == 0 ? why : &other);
	rc = rc == 0 ? wrong : rc;
	free_parts(parts, n);
	confdir_done(&dir);
	*ret = config;
	return rc;
}

static void free_words(struct config_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->list[i]);
}

void config_settle(struct config *config, bool reads_journal)
{
	config->journal.reads = reads_journal;
	if (!reads_journal || config->names_logs)
		return;
	for (size_t i = 0; i < config->n_logs; i++)
		free(config->logs[i]);
	config->n_logs = 0;
}

bool config_observes(const struct config *config)
{
	return strcmp(config->firewall.backend, "observe") == 0;
}

void config_ports_text(const struct config *config, size_t list, char out[static PORTLISTS_TEXT_MAX])
{
	if (config->firewall.manage_rules && !config_observes(config))
		portlists_text(&config->firewall.ports, list, out);
	else
		(void)snprintf(out, PORTLISTS_TEXT_MAX, "none");
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->n_logs; i++)
		free(config->logs[i]);
	for (size_t i = 0; i < config->n_sockets; i++)
		free(config->sockets[i]);
	for (size_t i = 0; i < config->run.n_patterns; i++)
		free(config->run.patterns[i]);
	free_words(&config->block.files);
	free(config->allow.nets);
	free_words(&config->allow.names);
	free_words(&config->allow.clients);
	free_words(&config->allow.files);
	free_words(&config->allow.spf);
	for (size_t i = 0; i < config->dns.n; i++)
		free(config->dns.lists[i].zone);
	free(config->firewall.backend);
	free(config->firewall.chain);
	for (size_t i = 0; i < config->firewall.n_jump_from; i++)
		free(config->firewall.jump_from[i]);
	free(config->firewall.list);
	free(config->firewall.log_prefix);
	free(config->journal.namespace);
	free(config->journal.machine);
	free(config->journal.directory);
	free(config->database.path);
	free(config->control.socket);
	free(config->control.group);
	free(config->control.readers);
	free(config->control.token_file);
	free(config->export.file);
	free(config->export.file_format);
	free(config->share.peers);
	free(config->share.group);
	free(config->share.good_key);
	free(config->run.user);
	free(config);
}
