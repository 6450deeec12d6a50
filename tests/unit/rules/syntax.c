#include "rules/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The regex as a row of atoms and quantifiers, parted by blanks. */
static void take_apart(const char *p, char *out, size_t cap)
{
	size_t n = 0;

	*out = '\0';
	while (*p != '\0' && n < cap) {
		const size_t atom = syntax_atom_len(p), quantifier = syntax_quantifier(p + atom).len;

		n += (size_t)snprintf(out + n, cap - n, "%s%.*s", n > 0 ? " " : "", (int)atom, p);
		if (quantifier > 0 && n < cap)
			n += (size_t)snprintf(out + n, cap - n, " %.*s", (int)quantifier, p + atom);
		p += atom + quantifier;
	}
}

static void atoms(void **state)
{
	static const struct {
		const char *regex, *want;
	} table[] = {
		{"ab", "a b"},
		{"a+?b*+c{2,}?", "a +? b *+ c {2,}?"},
		{"a{2}b{}c{x}", "a {2} b { } c { x }"},
		{"[^]a]b", "[^]a] b"},
		{"[]a]b", "[]a] b"},
		{"[^[:space:]]+,", "[^[:space:]] + ,"},
		{"[[:alpha:][:digit:]]x", "[[:alpha:][:digit:]] x"},
		{"[[.].]]x", "[[.].]] x"},
		{"[a\\]]x", "[a\\]] x"},
		{"[[:space]x", "[[:space] x"},
		{"[abc", "[ a b c"},
		{"(a(b)c)+d", "(a(b)c) + d"},
		{"([)])d", "([)]) d"},
		{"(\\))d", "(\\)) d"},
		{"(?#a ( b)c", "(?#a ( b) c"},
		{"(a(?# ( )b)c", "(a(?# ( )b) c"},
		{"(\\Q)\\E)c", "(\\Q)\\E) c"},
		{"(ab", "( a b"},
		{"\\x41b\\x{41}b", "\\x41 b \\x{41} b"},
		{"\\p{L}\\pLb", "\\p{L} \\pL b"},
		{"\\Qa+b\\E+c", "\\Qa+b\\E + c"},
		{"\\k<n>\\g{1}x", "\\k<n> \\g{1} x"},
		{"<ADDR>+<NAME>?<x>", "<ADDR> + <NAME> ? < x >"},
		{"a\\", "a \\"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char got[128];

		take_apart(table[i].regex, got, sizeof got);
		if (strcmp(got, table[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", table[i].regex, got, table[i].want);
	}
}

static void quantifiers(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool optional, endless;
	} table[] = {
		{"", 0, false, false},     {"x", 0, false, false},   {"*", 1, true, true},
		{"*?", 2, true, true},     {"++", 2, false, true},   {"?", 1, true, false},
		{"{2}", 3, false, false},  {"{0}", 3, true, false},  {"{0,}", 4, true, true},
		{"{1,}+", 5, false, true}, {"{,5}", 4, true, false}, {"{0,9}?", 6, true, false},
		{"{10,}", 5, false, true}, {"{,}", 0, false, false}, {"{", 0, false, false},
		{"{2", 0, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct syntax_quantifier q = syntax_quantifier(table[i].text);

		if (q.len != table[i].len || q.optional != table[i].optional || q.endless != table[i].endless)
			fail_msg("%s: got %zu %d %d, want %zu %d %d", table[i].text, q.len, q.optional, q.endless,
			         table[i].len, table[i].optional, table[i].endless);
	}
}

static void openers(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} table[] = {
		{"(a)", 1},      {"(?:a)", 3},   {"(?>a)", 3},     {"(?|a)", 3}, {"(?<n>a)", 5},
		{"(?P<n>a)", 6}, {"(?'n'a)", 5}, {"(?=a)", 0},     {"(?!a)", 0}, {"(?<=a)", 0},
		{"(?<!a)", 0},   {"(?i)", 0},    {"(*ACCEPT)", 0}, {"(?<n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const size_t got = syntax_opener_len(table[i].text);

		if (got != table[i].len)
			fail_msg("%s: got %zu, want %zu", table[i].text, got, table[i].len);
	}
}

/* Whatever is written: no length leads beyond the end, and every step goes forward. */
static void any_bytes(void **state)
{
	static const char bytes[] = "\\[](){}?*+^$|<>:=!#QEPxkgaADR0,\x80 ";
	uint32_t seed = 1;
	char text[24], got[256];

	(void)state;
	for (size_t round = 0; round < 200000; round++) {
		const size_t len = round % sizeof text;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = bytes[(seed >> 16) % (sizeof bytes - 1)];
		}
		text[len < sizeof text ? len : sizeof text - 1] = '\0';
		for (const char *p = text; *p != '\0'; p++) {
			const size_t atom = syntax_atom_len(p);

			if (atom == 0 || atom > strlen(p) || syntax_quantifier(p).len > strlen(p) ||
			    syntax_opener_len(p) > strlen(p))
				fail_msg("%s at %s: a length beyond the end, or none", text, p);
		}
		take_apart(text, got, sizeof got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atoms),
		cmocka_unit_test(quantifiers),
		cmocka_unit_test(openers),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
