#include "input/months.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { NAMES_MAX = 30, NAME_BYTES = 10 }; /* names per month; bytes of a name with its NUL */

/* In lower case, without the dot that some have at the end. */
/* clang-format off */
static const char names[12][NAMES_MAX][NAME_BYTES] = {
	{"яну", "led", "jan", "jän", "ιαν", "ene", "jaan", "urt", "tammi", "janv", "ean", "xan", "gen",
	 "saus", "јан", "sty", "ian", "янв", "oca", "січ", "1月", "1월", "сту", "қаң", "гыйн"},
	{"фев", "úno", "feb", "φεβ", "veebr", "ots", "helmi", "févr", "fév", "feabh", "febr", "vas",
	 "lut", "fev", "shk", "феб", "şub", "лют", "2月", "2월", "ақп"},
	{"мар", "bře", "mar", "mär", "μαρ", "μάρ", "märts", "maalis", "mars", "márta", "márc", "kov",
	 "mrt", "бер", "3月", "3월", "сак", "нау", "maart"},
	{"апр", "dub", "apr", "απρ", "abr", "api", "huhti", "avril", "avr", "aib", "ápr", "bal",
	 "april", "kwi", "pri", "nis", "кві", "4月", "4월", "кра", "сәу"},
	{"май", "kvě", "maj", "mai", "μαΐ", "μάι", "may", "touko", "beal", "máj", "maí", "mag", "geg",
	 "мај", "mei", "мая", "тра", "5月", "5월", "мам"},
	{"юни", "čen", "jun", "ιουν", "ιούν", "juuni", "eka", "kesä", "juin", "meith", "xuñ", "jún",
	 "giu", "birž", "jūn", "јун", "juni", "cze", "iun", "июн", "qer", "haz", "чер", "6月", "6월",
	 "чэр", "мау"},
	{"юли", "čec", "jul", "ιουλ", "ιούλ", "juuli", "uzt", "heinä", "juil", "jui", "iúil", "xul",
	 "júl", "lug", "liep", "jūl", "јул", "juli", "lip", "iul", "июл", "kor", "tem", "лип", "7月",
	 "7월", "ліп", "шіл", "červenec", "července"},
	{"авг", "srp", "aug", "αυγ", "αύγ", "ago", "abu", "elo", "août", "aoû", "lún", "ágú", "rugp",
	 "sie", "avg", "gsh", "ağu", "сер", "8月", "8월", "agu", "жні", "там"},
	{"сеп", "zář", "sep", "σεπ", "sept", "ira", "syys", "mfómh", "set", "szept", "rugs", "wrz",
	 "сен", "sht", "eyl", "вер", "9月", "9월", "қыр"},
	{"окт", "říj", "okt", "οκτ", "oct", "urr", "loka", "dfómh", "out", "ott", "spal", "paź", "tet",
	 "eki", "жов", "10月", "10월", "кас", "қаз"},
	{"ное", "lis", "nov", "νοε", "νοέ", "aza", "marras", "samh", "nóv", "lapkr", "ноя", "nën",
	 "нов", "kas", "лис", "11月", "11월", "ліс", "қар"},
	{"дек", "pro", "dec", "dez", "δεκ", "dic", "dets", "abe", "joulu", "déc", "noll", "des",
	 "gruod", "gru", "dhj", "дец", "ara", "гру", "12月", "12월", "сне", "жел"},
};
/* clang-format on */

/* Returns the lower case of a Latin, Greek or Cyrillic capital; any other character unchanged. */
static unsigned lower_of(unsigned c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) ||
	    (c >= 0x410 && c <= 0x42F))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40F)
		return c + 0x50;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c + (c & 1); /* capitals are odd here */
	if ((c >= 0x100 && c <= 0x177) || (c >= 0x48A && c <= 0x4BF))
		return c + !(c & 1);
	return c;
}

/* Copies the bytes in lower case to out, which has the same length. */
static void to_lower(const char *p, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned byte = (unsigned char)p[i], next = i + 1 < len ? (unsigned char)p[i + 1] : 0;

		if ((byte & 0xE0) == 0xC0 && (next & 0xC0) == 0x80) {
			const unsigned c = lower_of((byte & 0x1F) << 6 | (next & 0x3F));

			out[i++] = (char)(0xC0 | c >> 6);
			out[i] = (char)(0x80 | (c & 0x3F));
		} else {
			out[i] = (char)lower_of(byte < 0x80 ? byte : 0);
			if (byte >= 0x80)
				out[i] = p[i];
		}
	}
}

static bool is_word(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] < 0x80 && (p[i] < 'a' || p[i] > 'z'))
			return false;
	return true;
}

int months_find(const char *p, size_t len)
{
	char word[MONTHS_NAME_MAX];
	size_t best = 0;
	int found = 0;

	if (len > 1 && p[len - 1] == '.')
		len--;
	if (len == 0 || len > sizeof word)
		return 0;
	to_lower(p, len, word);
	for (int month = 0; month < 12; month++)
		for (int i = 0; i < NAMES_MAX && names[month][i][0] != '\0'; i++) {
			const size_t n = strlen(names[month][i]);

			if (n <= len && n > best && memcmp(names[month][i], word, n) == 0) {
				best = n;
				found = month + 1;
			}
		}
	return is_word(word + best, len - best) ? found : 0;
}
