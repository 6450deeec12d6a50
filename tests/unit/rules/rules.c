/* rules: the matching engine, with rules made for each row. */
#include "rules/rules.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/account.h"
#include "rules/compiled.h"
#include "rules/literal.h"

static char dir[64], path[128];
static struct rules *rules;
static struct rules_scratch *scratch;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/wfs-rules-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/x.rules", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void unload(void)
{
	rules_scratch_free(scratch);
	rules_free(rules);
	rules = NULL;
	scratch = NULL;
}

static struct rules *load_set(const char *text)
{
	const char *const files[] = {path};
	struct rulefile_errors errors = {0};
	struct rules *set = NULL;
	FILE *const out = fopen(path, "we");
	struct why why;

	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
	if (rules_load(NULL, 0, files, 1, &set, &errors, &why) < 0)
		fail_msg("%s", errors.text[0]);
	rulefile_errors_done(&errors);
	return set;
}

static void load(const char *text)
{
	unload();
	rules = load_set(text);
	scratch = rules_scratch_new(rules);
}

static size_t match(const char *program, const char *message, bool disabled, struct rules_hit ret[RULES_HITS_MAX])
{
	return rules_match_all(scratch, (struct span){program, strlen(program)},
	                       (struct span){message, strlen(message)}, disabled, ret);
}

/* "RULE ADDRESS SCORE xCOUNT" of each hit, separated by "; ". */
static const char *said(const char *program, const char *message, bool disabled)
{
	static char text[1024];
	struct rules_hit hits[RULES_HITS_MAX];
	const size_t n = match(program, message, disabled, hits);
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		char address[ADDR_TEXT_MAX];

		(void)addr_text(&hits[i].address, address);
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s %d x%u", i > 0 ? "; " : "",
		                         hits[i].rule->text->name, address, hits[i].score, hits[i].count);
	}
	return text;
}

#define R(name, more) "[" name "]\nprogram = p*/x q\ncategory = auth\nreason = r\n" more "\n"

/* The account that <USER> captures: bytes as they are, none when they are not only a name, or too many. */
static void users(void **state)
{
	static const struct {
		const char *name, *want; /* want NULL: none, and the line is a hit all the same */
	} rows[] = {
		{"bob", "bob"},           {"Bob+x=1@example.org", "Bob+x=1@example.org"},
		{"\xFF\xC3", "\xFF\xC3"}, {"", NULL},
		{"bob smith", NULL},      {"bob, user=alice", "alice"},
		{"(unavailable)", NULL},  {"x> user=<alice", NULL},
		{"b\x01", NULL},
	};
	char message[512], longest[300];
	struct rules_hit hits[RULES_HITS_MAX];

	(void)state;
	load(R("a", "match = ^bad <ADDR>: (?<detail>.*user=<USER>$|.*)\nscore = 20"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		(void)snprintf(message, sizeof message, "bad 198.51.100.7: user=%s", rows[i].name);
		assert_int_equal(match("q", message, false, hits), 1);
		if (rows[i].want == NULL) {
			assert_null(hits[0].user.p);
			assert_int_equal(hits[0].account, ACCOUNT_NONE);
		} else {
			assert_true(span_is(hits[0].user, rows[i].want));
			assert_int_equal(hits[0].account, account_number(hits[0].user));
		}
	}
	for (size_t len = 256; len <= 257; len++) {
		memset(longest, 'x', len);
		longest[len] = '\0';
		(void)snprintf(message, sizeof message, "bad 198.51.100.7: user=%s", longest);
		assert_int_equal(match("q", message, false, hits), 1);
		assert_int_equal(hits[0].user.len, len == 256 ? 256 : 0);
	}
	unload();
}

static void order_and_programs(void **state)
{
	(void)state;
	load(R("a", "match = ^bad <ADDR>$\nscore = 20") R("b", "match = ^bad <ADDR>\nscore = 30")
	             R("c", "match = ^bad .*<ADDR>\nscore = 40\nenabled = no"));
	assert_string_equal(said("q", "bad 198.51.100.7", false), "a 198.51.100.7 20 x1");
	assert_string_equal(said("p/x", "bad 198.51.100.7", false), "a 198.51.100.7 20 x1");
	assert_string_equal(said("pq/r/x", "bad 198.51.100.7 more", false), "b 198.51.100.7 30 x1");
	assert_string_equal(said("q", "bad, bad 198.51.100.7", false), "");
	assert_string_equal(said("q", "bad x 198.51.100.7", false), "");
	assert_string_equal(said("q", "bad x 198.51.100.7", true), "c 198.51.100.7 40 x1");
	assert_string_equal(said("qq", "bad 198.51.100.7", false), "");
	assert_string_equal(said("px", "bad 198.51.100.7", false), "");
	assert_string_equal(said("", "bad 198.51.100.7", false), "");
	assert_string_equal(said("q", "", false), "");
	assert_string_equal(said("q", "bad", false), "");
	assert_string_equal(said("q", "bad 127.0.0.1", false), "");
	assert_string_equal(said("q", "bad 198.51.100.256", false), "");
	assert_int_equal(rules_stat(scratch).never, 1);
	assert_true(rules_stat(scratch).not_addresses > 0);
	unload();
}

static void counts(void **state)
{
	(void)state;
	load(R("a", "match = ^bad <ADDR>(?: (?<count>\\d+) times)?$\nscore = 20"));
	assert_string_equal(said("q", "bad 198.51.100.7 3 times", false), "a 198.51.100.7 60 x3");
	assert_string_equal(said("q", "bad 198.51.100.7 0 times", false), "a 198.51.100.7 20 x1");
	assert_string_equal(said("q", "bad 198.51.100.7 11 times", false), "a 198.51.100.7 200 x10");
	assert_string_equal(said("q", "bad 198.51.100.7 99999999999999999999 times", false), "a 198.51.100.7 200 x10");
	assert_string_equal(said("q", "message repeated 4 times: [ bad 198.51.100.7]", false), "a 198.51.100.7 80 x4");
	assert_string_equal(said("q", "message repeated 4 times: [ bad 198.51.100.7 3 times]", false),
	                    "a 198.51.100.7 200 x10");
	assert_string_equal(said("q", "message repeated 4294967297 times: [ bad 198.51.100.7]", false),
	                    "a 198.51.100.7 200 x10");
	assert_string_equal(said("q", "message repeated x times: [ bad 198.51.100.7]", false), "");
	assert_string_equal(said("q", "message repeated 4 times: [ bad 198.51.100.7", false), "");
	assert_string_equal(
		said("q", "message repeated 4 times: [ message repeated 4 times: [ bad 198.51.100.7]]", false), "");
	assert_string_equal(said("q", "bad 198.51.100.7]", false), "");
	unload();
}

static void unless_and_negative(void **state)
{
	(void)state;
	load(R("a", "match = ^bad <ADDR>\nunless = ours|theirs\nscore = 20")
	             R("b", "match = ^(?:bad|good) <ADDR>\nscore = -30"));
	assert_string_equal(said("q", "bad 198.51.100.7", false), "a 198.51.100.7 20 x1");
	assert_string_equal(said("q", "bad 198.51.100.7 ours", false), "b 198.51.100.7 -30 x1");
	assert_string_equal(said("q", "message repeated 2 times: [ good 198.51.100.7]", false),
	                    "b 198.51.100.7 -60 x2");
	unload();
}

/* Where there is a reply, what else is in the line excludes nothing; rules with the same unless share it. */
static void unless_in_reply(void **state)
{
	struct rules_hit hits[RULES_HITS_MAX];

	(void)state;
	load(R("a", "match = ^bad <ADDR>: (?<reply>[^;]*);.*\nunless = ours\nscore = 20")
	             R("b", "match = ^worse <ADDR>.*\nunless = ours\nscore = 20")
	                     R("c", "match = ^none <ADDR>(?:$|: (?<reply>.*))\nunless = ours\nscore = 20"));
	assert_int_equal(match("q", "bad 198.51.100.7: theirs; from=<ours>", false, hits), 1);
	assert_int_equal(match("q", "bad 198.51.100.7: ours; from=<theirs>", false, hits), 0);
	assert_int_equal(match("q", "worse 198.51.100.7: theirs; from=<ours>", false, hits), 0);
	assert_int_equal(match("q", "worse 198.51.100.7: theirs", false, hits), 1);
	assert_int_equal(match("q", "none 198.51.100.7", false, hits), 1);
	assert_int_equal(match("q", "none 198.51.100.7: ours", false, hits), 0);
	unload();
}

/* "!" in front of a program: not that one, wherever it is in the list. */
static void programs_excluded(void **state)
{
	struct rules_hit hits[RULES_HITS_MAX];

	(void)state;
	load("[a]\nprogram = !*/sub*/x */x !y*\ncategory = auth\nreason = r\nmatch = ^bad <ADDR>$\nscore = 20\n");
	assert_int_equal(match("p/x", "bad 198.51.100.7", false, hits), 1);
	assert_int_equal(match("p/sub/x", "bad 198.51.100.7", false, hits), 0);
	assert_int_equal(match("y/x", "bad 198.51.100.7", false, hits), 0);
	assert_int_equal(match("z", "bad 198.51.100.7", false, hits), 0);
	unload();
}

/* In doubt nobody is named: an "unless" that gives up is as good as one that takes the line. */
static void limits(void **state)
{
	char message[4096] = "bad 198.51.100.7 ";
	struct rules_hit hits[RULES_HITS_MAX];

	(void)state;
	memset(message + strlen(message), 'a', sizeof message - strlen(message) - 2);
	load(R("a", "match = ^bad <ADDR>\nunless = (?:a+)+[bc]$\nscore = 20"));
	assert_int_equal(match("q", message, false, hits), 0);
	assert_true(rules_stat(scratch).limits > 0);
	load(R("a", "match = ^bad (?=.* (?:a+)+[bc]$)<ADDR>\nscore = 20"));
	assert_int_equal(match("q", message, false, hits), 0);
	unload();
}

/* Nothing that could be part of an address may be cut off it. */
static void addresses(void **state)
{
	static const struct {
		const char *message, *want;
	} table[] = {
		{"x 198.51.100.7 y", "a 198.51.100.7 20 x1"},
		{"x 198.51.100.7:25 y", "a 198.51.100.7 20 x1"},
		{"x [198.51.100.7]:25", "a 198.51.100.7 20 x1"},
		{"x =::ffff:198.51.100.7,", "a 198.51.100.7 20 x1"},
		{"x [IPv6:2001:db8:bad:0:0:0:0:7]", "a 2001:db8:bad::7 20 x1"},
		{"x 2001:db8:bad::7", "a 2001:db8:bad::7 20 x1"},
		{"x 2001:db8::", "a 2001:db8:: 20 x1"},
		{"x 198.51.100.7.", "a 198.51.100.7 20 x1"},
		{"x 198.51.100.7.5", ""},
		{"x 1198.51.100.7", ""},
		{"x a198.51.100.7", ""},
		{"x 198.51.100.7a", ""},
		{"x 198.51.100.1234", ""},
		{"x 198.51.100", ""},
		{"x 198.51.100.0/24", ""},
		{"x 2001:db8::1::7", ""},
		{"x 2001:db8:bad::7%eth0", ""},
		{"x 2001:db8:bad::7:port", "a 2001:db8:bad::7 20 x1"},
		{"x fe80::1", ""},
		{"x ::", ""},
		{"x 0.0.0.0", ""},
	};

	(void)state;
	load(R("a", "match = ^x [\\[=]?<ADDR>\nscore = 20"));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcmp(said("q", table[i].message, false), table[i].want) != 0)
			fail_msg("%s: want \"%s\", got \"%s\"", table[i].message, table[i].want,
			         said("q", table[i].message, false));
	unload();
}

static void also(void **state)
{
	(void)state;
	load(R("name", "match = ^(?:bad|good) <NAME>\\[<ADDR>\\]\nname = generic\nalso = yes\nscore = 15")
	             R("bad", "match = ^bad \\S+\\[<ADDR>\\]\nscore = 20")
	                     R("good", "match = ^good \\S+\\[<ADDR>\\]\nscore = -20")
	                             R("other", "match = ^bad .* also <ADDR>\nalso = yes\nscore = 5"));
	assert_string_equal(said("q", "bad pool3.example.net[198.51.100.7]", false),
	                    "bad 198.51.100.7 20 x1; name 198.51.100.7 15 x1");
	assert_string_equal(said("q", "bad mail.example.net[198.51.100.7]", false), "bad 198.51.100.7 20 x1");
	assert_string_equal(said("q", "good pool3.example.net[198.51.100.7]", false), "good 198.51.100.7 -20 x1");
	assert_string_equal(said("q", "ugly pool3.example.net[198.51.100.7]", false), "");
	assert_string_equal(said("q", "bad mail.example.net[198.51.100.7] also 198.51.100.8", false),
	                    "bad 198.51.100.7 20 x1"); /* adds to nobody else */
	assert_string_equal(said("q", "bad mail.example.net[198.51.100.7] also 198.51.100.7", false),
	                    "bad 198.51.100.7 20 x1; other 198.51.100.7 5 x1");
	unload();
}

static void generic_alone(void **state)
{
	(void)state;
	load(R("a", "match = ^bad <NAME>\\[<ADDR>\\]\nname = generic\nscore = 20")
	             R("b", "match = ^bad \\S+\\[<ADDR>\\]\nscore = 10"));
	assert_string_equal(said("q", "bad ip-198-51-100-7.example.net[198.51.100.7]", false), "a 198.51.100.7 20 x1");
	assert_string_equal(said("q", "bad ip-198-51-100-8.example.net[198.51.100.7]", false), "b 198.51.100.7 10 x1");
	unload();
}

static void kinds(void **state)
{
	static const struct {
		const char *message;
		enum rules_kind kind;
	} table[] = {
		{"1234abcd on 198.51.100.7", RULES_KIND_ADDRESS},
		{"1234abcd fail", RULES_KIND_LOOKUP},
		{"1234abcd seen", RULES_KIND_EVENT},
		{"1234abcd end 198.51.100.7", RULES_KIND_AFTER},
		{"1234abcd off", RULES_KIND_FORGET},
		{"1234abcd bye 198.51.100.7", RULES_KIND_HIT},
	};
	struct rules_hit hits[RULES_HITS_MAX];

	(void)state;
	load(R("on", "match = ^<SESSION> on <ADDR>\nremember = yes") R("fail", "match = ^<SESSION> fail\nscore = 20")
	             R("seen", "match = ^<SESSION> seen\nremember = yes")
	                     R("end", "match = ^<SESSION> end <ADDR>\nafter = seen\nscore = 20")
	                             R("off", "match = ^<SESSION> off\nforget = yes")
	                                     R("bye", "match = ^<SESSION> bye <ADDR>\nforget = yes\nscore = 20"));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		assert_int_equal(match("q", table[i].message, false, hits), 1);
		assert_int_equal(hits[0].kind, table[i].kind);
		assert_int_equal(hits[0].session.len, 8);
		assert_memory_equal(hits[0].session.p, "1234abcd", 8);
	}
	assert_int_equal(match("q", "1234 fail", false, hits), 0);
	unload();
}

static void literals(void **state)
{
	static const struct {
		const char *regex, *want; /* "^first|inside|inside" */
	} table[] = {
		{"^warning: x", "^warning: x"},
		{"^(?:a|b): reject: RCPT from ", ": reject: RCPT from "},
		{"^ab?cd", "^a|cd"},
		{"^ab+cd", "^ab|cd"},
		{"^ab{2}cd", "^a|cd"},
		{"^abc{2}{3}de", "^ab|de"},
		{"^a\\[b\\] \\d+ xyz", "^a[b] | xyz"},
		{"^abc|def", ""},
		{"^(abc)def", "def"},
		{"^[abc]]def", "]def"},
		{"^[]abc]def", "def"},
		{"^[^]abc]def", "def"},
		{"^[[:alpha:]]def", "def"},
		{"^(?i)abc", ""},
		{"^(?i:abc)def", "def"},
		{"^abc(?#def)", ""},
		{"^abc(*ACCEPT)def", ""},
		{"^abc(x(*ACCEPT))def", ""},
		{"^\\Qabc\\E", ""},
		{"^abc\\x41def", ""},
		{"^a.bc.defg", "^a|defg"},
		{"^.ab.cde.fghi.", "ab|fghi"},
		{"^.", ""},
		{"^a)b", ""},
		{"^(a", ""},
		{"^[a", ""},
		{"^" LITERAL_QUEUE_ID ": abc.*defg", "^~abc|defg"},
		{"^(?:" LITERAL_QUEUE_ID ": )?abc", "^~abc"},
		{"^(?:" LITERAL_QUEUE_ID ": )?(?:abc)?def", "def"},
		{"^(?:" LITERAL_QUEUE_ID ": )*abc", "abc"},
		{"^(?:" LITERAL_QUEUE_ID ": )?", ""},
		{"^" LITERAL_QUEUE_ID ":abc", ":abc"},
		{"^" LITERAL_QUEUE_ID ": {1,12}abc", "abc"},
		{"^" LITERAL_QUEUE_ID ": *abc", "abc"},
		{"^(?:" LITERAL_QUEUE_ID ": )?+abc", "abc"},
		{"^abcdefghijklmnopqrstuvwxyz0123456789", "^abcdefghijklmnopqrstuvwxyz012345"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct literal found[LITERALS_MAX];
		const size_t n = literal_find(table[i].regex, found);
		char got[128] = "";

		for (size_t j = 0; j < n; j++)
			(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s%s%.*s", j > 0 ? "|" : "",
			               found[j].first ? "^" : "", found[j].behind_id ? "~" : "", found[j].len,
			               found[j].text);
		if (strcmp(got, table[i].want) != 0)
			fail_msg("%s: want \"%s\", got \"%s\"", table[i].regex, table[i].want, got);
	}
}

static uint64_t seed = 88172645463325252U;

static size_t below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed >> 11) % n;
}

/* Appends n random pieces. */
static void scribble(char *out, size_t cap, size_t n, const char *const pieces[], size_t n_pieces)
{
	while (n-- > 0) {
		const char *const piece = pieces[below(n_pieces)];

		if (strlen(out) + strlen(piece) + 1 < cap)
			(void)strcat(out, piece);
	}
}

/* Rules with the prefilter and without say the same of every line. */
static void prefilter_changes_nothing(void **state)
{
	static const char *const regexes[] = {
		"a",    "b",           "ab",    ": ",     "rej",    "(?:a|b)", "(?:ab)?", "a?",
		"b*",   "c+",          "[abc]", "[^a]",   ".*",     ".",       "\\d+",    "\\[",
		"\\.",  "a{0,2}",      "b{2}",  "(?!ab)", "(?=a)",  "(a)",     "x{1,}",   "(?i:AB)",
		"[]a]", "[[:alpha:]]", "c++",   "b+?",    "(?>ab)", "\\b",     "\\w"};
	static const char *const heads[] = {"^", "^(?:<QUEUE>: )?", "^<QUEUE>: "};
	static const char *const ids[] = {"",
	                                  "4C0Fq35HnQz9sRK: ",
	                                  "abcde: ",
	                                  "NOQUEUE: ",
	                                  "abcd: ",
	                                  "aaaaaaaaaaaaaaaaaaaaaaaa: ",
	                                  "aaaaaaaaaaaaaaaaaaaaaaaaa: ",
	                                  "abcde:",
	                                  "abcde: ab: ",
	                                  "abcde: abcde: "};
	static const char *const texts[] = {"a", "b", "ab", ": ", "rej", "c",  "[", ".",
	                                    "1", "x", "A",  "]",  " ",   "aa", "bb"};
	char text[16384];

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct rules *plain;
		struct rules_scratch *slow;

		text[0] = '\0';
		for (int r = 0; r < 25; r++) {
			char regex[256] = "";

			scribble(regex, sizeof regex, 1 + below(8), regexes, sizeof regexes / sizeof *regexes);
			(void)snprintf(text + strlen(text), sizeof text - strlen(text),
			               "[r%d]\nprogram = q\ncategory = auth\nreason = r\nmatch = %s%s.*<ADDR>\n", r,
			               heads[below(3)], regex);
		}
		load(text);
		plain = load_set(text);
		plain->no_prefilter = true;
		slow = rules_scratch_new(plain);
		for (int line = 0; line < 400; line++) {
			char message[256] = "";
			struct rules_hit fast_hits[RULES_HITS_MAX], slow_hits[RULES_HITS_MAX];
			size_t n;

			scribble(message, 200, 1, ids, sizeof ids / sizeof *ids);
			scribble(message, 200, 1 + below(10), texts, sizeof texts / sizeof *texts);
			(void)strcat(message, " 198.51.100.7");
			n = match("q", message, false, fast_hits);
			assert_int_equal(n, rules_match_all(slow, (struct span){"q", 1},
			                                    (struct span){message, strlen(message)}, false, slow_hits));
			if (n > 0 && fast_hits[0].rule->index != slow_hits[0].rule->index)
				fail_msg("%s: %s with the prefilter, %s without", message,
				         fast_hits[0].rule->text->match.text, slow_hits[0].rule->text->match.text);
		}
		rules_scratch_free(slow);
		rules_free(plain);
	}
	unload();
}

static void write_beside(const char *name, const char *text)
{
	char file[192];
	FILE *out;

	(void)snprintf(file, sizeof file, "%s/%s", dir, name);
	out = fopen(file, "we");
	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void remove_beside(const char *name)
{
	char file[192];

	(void)snprintf(file, sizeof file, "%s/%s", dir, name);
	assert_int_equal(unlink(file), 0);
}

/* Sender and recipient in files; a rule that is not enabled reads none. */
static void conditions_about_files(void **state)
{
	static const struct {
		const char *message, *want;
	} rows[] = {
		{"x <ADDR>", ""},
		{"by 198.51.100.7 <a@example.com> <trap@example.org>", "trap 198.51.100.7 100 x1"},
		{"by 198.51.100.7 <a@example.com> <TRAP@EXAMPLE.ORG>", "trap 198.51.100.7 100 x1"},
		{"by 198.51.100.7 <b@Example.Org> <bob@example.org>", "own 198.51.100.7 60 x1"},
		{"by 198.51.100.7 <b@Example.Org> <trap@example.org>", "trap 198.51.100.7 100 x1"},
		{"by 198.51.100.7 <> <bob@example.org>", ""},
		{"by 198.51.100.7 <> <nosuch@example.org>", "unlisted 198.51.100.7 50 x1"},
		{"by 198.51.100.7 <>", ""},
		{"by 198.51.100.7 <> <a b@example.org>", ""},
	};

	(void)state;
	write_beside("traps", "trap@example.org\n");
	write_beside("people", "trap@example.org\nbob@example.org\n");
	write_beside("own", "@example.org\n");
#define BY "match = ^by <ADDR> <<FROM>>(?: <<TO>>)?\n"
	load(R("off", BY "to = in nowhere\nenabled = no") R("trap", BY "to = in traps")
	             R("own", BY "from = in own\nscore = 60") R("unlisted", BY "to = not in people\nscore = 50"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(said("q", rows[i].message, false), rows[i].want);
	rules_scratch_example(scratch, 0);
	assert_string_equal(said("q", "by 198.51.100.7 <> <trap@example.org>", true), "off 198.51.100.7 100 x1");
	rules_scratch_example(scratch, 3);
	assert_string_equal(said("q", "by 198.51.100.7 <> <trap@example.org>", true), "unlisted 198.51.100.7 50 x1");
	unload();
	remove_beside("traps");
	remove_beside("people");
	remove_beside("own");
}

static void files_with_errors(void **state)
{
	static const struct {
		const char *rule, *want;
	} rows[] = {
		{R("a", BY "to = in nowhere"),
	         "x.rules:6: to of [a]: %s/nowhere: no such file; create it, with a mail address or "
	         "\"@domain\" a line, and reload"},
		{R("a", BY "from = in bad"),
	         "x.rules:6: from of [a]: %s/bad:2: want a mail address or \"@domain\", got \"none\""},
		{R("a", "match = ^by <ADDR>\nto = in bad\nenabled = no"),
	         "x.rules:6: to of [a] needs <TO> in the match"},
		{R("a", "match = ^by <ADDR>\nhelo = foreign"),
	         "x.rules:5: [a]: helo = foreign needs <HELO> and <NAME> in the match"},
	};
	const char *const names[] = {path};

	(void)state;
	write_beside("bad", "a@b\nnone\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rulefile_errors errors = {0};
		struct rules *set = NULL;
		char want[512], full[600];
		struct why why;

		write_beside("x.rules", rows[i].rule);
		assert_int_equal(rules_load(NULL, 0, names, 1, &set, &errors, &why), -EINVAL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(want, sizeof want, rows[i].want, dir);
#pragma GCC diagnostic pop
		(void)snprintf(full, sizeof full, "%s/%s", dir, want);
		assert_string_equal(errors.text[0], full);
		assert_string_equal(errors.file, path); /* which is left out at a start */
		rulefile_errors_done(&errors);
	}
	remove_beside("bad");
}

static void foreign_helo(void **state)
{
	static const struct {
		const char *name, *helo;
		bool foreign;
	} rows[] = {
		{"mx.example.com", "mx.example.com", false},
		{"mx.example.com", "Other.EXAMPLE.COM", false},
		{"mx.example.com", "mx.example.net", true},
		{"mx.example.com", "localhost", true},
		{"mx.example.com", "com", true},
		{"a.example.co.uk", "b.example.co.uk", false},
		{"a.example.co.uk", "a.sample.co.uk", true},
		{"unknown", "mx.example.com", false},
		{"mx.example.com", "", false},
	};
	char message[128];

	(void)state;
	load(R("a", "match = ^by <NAME> <ADDR>(?: helo=<HELO>)?$\nhelo = foreign"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		(void)snprintf(message, sizeof message, "by %s 198.51.100.7%s%s", rows[i].name,
		               rows[i].helo[0] != '\0' ? " helo=" : "", rows[i].helo);
		assert_string_equal(said("q", message, false), rows[i].foreign ? "a 198.51.100.7 100 x1" : "");
	}
	unload();
}

/* Programs beyond the cache's room, over and over: the answer is the same. */
static void many_programs(void **state)
{
	char program[64];

	(void)state;
	load(R("a", "match = ^bad <ADDR>\nscore = 20"));
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 2000; i++) {
			(void)snprintf(program, sizeof program, "p%u/%c", i, i % 2 ? 'x' : 'y');
			assert_string_equal(said(program, "bad 198.51.100.7", false),
			                    i % 2 ? "a 198.51.100.7 20 x1" : "");
		}
	memset(program, 'p', sizeof program - 1);
	program[sizeof program - 1] = '\0';
	assert_string_equal(said(program, "bad 198.51.100.7", false), "");
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users),
		cmocka_unit_test(order_and_programs),
		cmocka_unit_test(counts),
		cmocka_unit_test(unless_and_negative),
		cmocka_unit_test(unless_in_reply),
		cmocka_unit_test(programs_excluded),
		cmocka_unit_test(limits),
		cmocka_unit_test(addresses),
		cmocka_unit_test(also),
		cmocka_unit_test(generic_alone),
		cmocka_unit_test(kinds),
		cmocka_unit_test(literals),
		cmocka_unit_test(prefilter_changes_nothing),
		cmocka_unit_test(conditions_about_files),
		cmocka_unit_test(files_with_errors),
		cmocka_unit_test(foreign_helo),
		cmocka_unit_test(many_programs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
