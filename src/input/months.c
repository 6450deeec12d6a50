#include "input/months.h"

#include <strings.h>

enum { NAMES_MAX = 26, NAME_BYTES = 9 }; /* of one month; of a name with its NUL */

/* Without the dot that some have at the end. ASCII is compared without case. */
static const char names[12][NAMES_MAX][NAME_BYTES] = {
        {"яну", "led", "jan",  "Jän", "Ιαν", "ene", "jaan", "urt", "tammi", "janv", "ean",
         "xan", "gen", "saus", "јан", "sty", "ian", "янв",  "oca", "січ",   "1月",  "1월"},
        {"фев",  "úno", "feb", "Φεβ", "veebr", "ots", "helmi", "févr", "fév", "feabh",
         "febr", "vas", "lut", "fev", "shk",   "феб", "Şub",   "лют",  "2月", "2월"},
        {"мар", "bře", "mar", "Mär", "Μαρ", "Μάρ", "märts", "maalis", "mars", "Márta", "márc", "kov", "mrt",
         "бер", "3月", "3월"},
        {"апр", "dub", "apr", "Απρ", "abr", "api", "huhti", "avril", "avr", "aib", "ápr", "bal", "april",
         "kwi", "pri", "nis", "кві", "4月", "4월"},
        {"май", "kvě", "maj", "mai", "Μαΐ", "Μάι", "may", "touko", "beal", "máj", "maí", "mag", "geg", "мај",
         "mei", "мая", "тра", "5月", "5월"},
        {"юни",  "čen", "jun", "Ιουν", "Ιούν", "juuni", "eka", "kesä", "juin", "meith", "Xuñ", "jún", "giu",
         "birž", "jūn", "јун", "juni", "cze",  "iun",   "июн", "qer",  "haz",  "чер",   "6月", "6월"},
        {"юли", "čec",  "jul", "Ιουλ", "Ιούλ", "juuli", "uzt", "heinä", "juil", "jui", "Iúil", "xul", "júl",
         "lug", "liep", "jūl", "јул",  "juli", "lip",   "iul", "июл",   "kor",  "tem", "лип",  "7月", "7월"},
        {"авг", "srp",  "aug", "Αυγ", "Αύγ", "ago", "abu", "elo", "août", "aoû", "Lún",
         "ágú", "rugp", "sie", "avg", "gsh", "Ağu", "сер", "8月", "8월",  "agu"},
        {"сеп", "zář", "sep", "Σεπ", "sept", "ira", "syys", "MFómh", "set", "szept", "rugs", "wrz", "сен",
         "sht", "eyl", "вер", "9月", "9월"},
        {"окт", "říj", "okt", "Οκτ", "oct", "urr", "loka", "DFómh", "out", "ott", "spal", "paź", "tet", "eki",
         "жов", "10月", "10월"},
        {"ное", "lis", "nov", "Νοε", "Νοέ", "aza", "marras", "samh", "nóv", "lapkr", "ноя", "Nën", "нов",
         "kas", "лис", "11月", "11월"},
        {"дек",  "pro", "dec",   "dez", "Δεκ", "dic", "dets", "abe", "joulu", "déc",
         "noll", "des", "gruod", "gru", "dhj", "дец", "ara",  "гру", "12月",  "12월"},
};

int months_find(const char *p, size_t len)
{
	if (len > 1 && p[len - 1] == '.')
		len--;
	if (len == 0 || len >= NAME_BYTES)
		return 0;
	for (int month = 0; month < 12; month++)
		for (int i = 0; i < NAMES_MAX && names[month][i][0] != '\0'; i++)
			if (names[month][i][len] == '\0' && strncasecmp(names[month][i], p, len) == 0)
				return month + 1;
	return 0;
}
