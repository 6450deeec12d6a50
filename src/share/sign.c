#include "share/sign.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/remedy.h"
#include "base/secretfile.h"

#define SECRET_BEGIN "ed25519-secret:"

enum {
	SECRET_TEXT_MAX = 64, /* the line with its newline and NUL */
	SEED_TEXT_MAX = 45,   /* base64 of 32 bytes */
	FILE_MAX = 256,       /* larger than any key, so that a wrong file is reported as such */
};

static_assert(sizeof((struct sign_key *)0)->secret == crypto_sign_SECRETKEYBYTES, "as libsodium has it");

static void begin(void)
{
	if (sodium_init() < 0)
		alloc_failed(0, "libsodium");
}

/* Writes begin_text and the bytes in base64, NUL-terminated. */
static void write_text(const char *begin_text, const uint8_t *bytes, size_t len, char *out, size_t cap)
{
	const size_t begin_len = (size_t)snprintf(out, cap, "%s", begin_text);

	(void)sodium_bin2base64(out + begin_len, cap - begin_len, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

/* Reads exactly len bytes from base64 after begin_text. */
static bool read_text(const char *begin_text, const char *text, size_t text_len, uint8_t *out, size_t len)
{
	const size_t begin_len = strlen(begin_text);
	const char *end;
	size_t got;

	return text_len > begin_len && memcmp(text, begin_text, begin_len) == 0 &&
	       sodium_base642bin(out, len, text + begin_len, text_len - begin_len, NULL, &got, &end,
	                         sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       got == len && end == text + text_len;
}

/* Writes the whole line, and flushes it to disk. */
static int write_key(int fd, const char *path, const char *group, struct why *why)
{
	const struct group *const gr = getgrnam(group);
	uint8_t seed[crypto_sign_SEEDBYTES];
	char line[SECRET_TEXT_MAX];
	size_t len;
	int rc = 0;

	randombytes_buf(seed, sizeof seed);
	write_text(SECRET_BEGIN, seed, sizeof seed, line, sizeof line - 1);
	len = strlen(line);
	line[len++] = '\n';
	if ((gr != NULL && fchown(fd, (uid_t)-1, gr->gr_gid) < 0) || write(fd, line, len) != (ssize_t)len ||
	    fsync(fd) < 0)
		rc = why_set(why, errno, "%s: cannot be written: %s", path, strerror(errno));
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(line, sizeof line);
	return rc;
}

int sign_create(const char *path, const char *group, struct why *why)
{
	int fd, rc;

	begin();
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		char remedy[REMEDY_MAX];
		const int err = errno;

		return why_set(why, err, "%s: %s%s", path, strerror(err), remedy_write(err, path, remedy));
	}
	rc = write_key(fd, path, group, why);
	if (close(fd) < 0 && rc == 0)
		rc = why_set(why, errno, "%s: cannot be written: %s", path, strerror(errno));
	if (rc < 0)
		(void)unlink(path);
	return rc;
}

int sign_load(const char *path, struct sign_key *ret, struct why *why)
{
	const struct secretfile secret = {path, "", "'watchforspammers-share key' makes a key", .for_group = true};
	uint8_t seed[crypto_sign_SEEDBYTES], public[crypto_sign_PUBLICKEYBYTES];
	char line[FILE_MAX];
	size_t len;
	int rc;

	begin();
	if ((rc = secretfile_read(&secret, line, sizeof line, &len, why)) < 0)
		return rc;
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (!read_text(SECRET_BEGIN, line, len, seed, sizeof seed))
		rc = why_set(why, EINVAL,
		             "%s: no secret key; remove it, and 'watchforspammers-share key' makes a new one", path);
	if (rc == 0) {
		(void)crypto_sign_seed_keypair(public, ret->secret, seed);
		write_text(PEERS_KEY_BEGIN, public, sizeof public, ret->public, sizeof ret->public);
	}
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(line, sizeof line);
	return rc;
}

void sign_done(struct sign_key *key)
{
	sodium_memzero(key, sizeof *key);
}

void sign_make(const struct sign_key *key, struct span bytes, char out[static MESSAGE_SIGNATURE_MAX])
{
	uint8_t signature[crypto_sign_BYTES];

	(void)crypto_sign_detached(signature, NULL, (const uint8_t *)bytes.p, bytes.len, key->secret);
	write_text(PEERS_KEY_BEGIN, signature, sizeof signature, out, MESSAGE_SIGNATURE_MAX);
}

bool sign_verify(const char *public, const char *signature, struct span bytes)
{
	uint8_t key[crypto_sign_PUBLICKEYBYTES], sig[crypto_sign_BYTES];

	begin();
	return read_text(PEERS_KEY_BEGIN, public, strlen(public), key, sizeof key) &&
	       read_text(PEERS_KEY_BEGIN, signature, strlen(signature), sig, sizeof sig) &&
	       crypto_sign_verify_detached(sig, (const uint8_t *)bytes.p, bytes.len, key) == 0;
}
