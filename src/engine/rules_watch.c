#include "engine/rules_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
	ARM_TRIES = 8,  /* because directories may be created while we look for them */
	LINK_STEPS = 8, /* links followed in a chain */
};

/* IN_MASK_ADD: one directory may be watched both for itself and as the parent of another. */
#define GONE        (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD)
#define APPEARS     (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define PARENT_MASK (APPEARS | GONE)
#define LOST        (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)
#define DIR_MASK    (PARENT_MASK | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB)

/* A directory of rules, and its nearest existing ancestor, in which it would appear or be replaced. */
struct watched {
	char *path;
	int wd, above_wd;         /* -1: none */
	char above[NAME_MAX + 1]; /* the name to wait for in it */
};

/*
 * A file elsewhere, by its directory and name: an address file, or the target of a *.rules link. It may be a link
 * itself.
 */
struct linked {
	int wd; /* -1: its directory cannot be watched */
	char name[NAME_MAX + 1];
};

/* A file between its first write and its close. */
struct writer {
	int wd;
	char name[NAME_MAX + 1];
};

struct rules_watch {
	int fd;
	size_t n;
	struct watched *list;
	size_t n_files;
	char **files; /* the address files that rules name */
	size_t n_linked;
	struct linked linked[RULES_WATCH_LINKS_MAX];
	size_t n_writers;
	struct writer writers[RULES_WATCH_WRITERS_MAX];
	bool changed;
	int64_t first_ms, last_ms; /* times of the first and last change not reported yet */
};

/* --- what is watched --- */

/* Watches the nearest existing ancestor of the directory, and keeps the name in it that leads to the directory. */
static void watch_above(const struct rules_watch *watch, struct watched *w)
{
	char path[PATH_MAX];

	w->above_wd = -1;
	(void)snprintf(path, sizeof path, "%s", w->path);
	while (w->above_wd < 0) {
		char *const slash = strrchr(path, '/');

		(void)snprintf(w->above, sizeof w->above, "%.*s", NAME_MAX, slash == NULL ? path : slash + 1);
		if (slash == NULL)
			(void)snprintf(path, sizeof path, ".");
		else
			slash[slash == path] = '\0';
		w->above_wd = inotify_add_watch(watch->fd, path, PARENT_MASK);
		if (w->above_wd < 0 && (slash == NULL || slash == path))
			return;
	}
}

static bool is_used(const struct rules_watch *watch, int wd)
{
	for (size_t i = 0; i < watch->n; i++)
		if (watch->list[i].wd == wd || watch->list[i].above_wd == wd)
			return true;
	for (size_t i = 0; i < watch->n_linked; i++)
		if (watch->linked[i].wd == wd)
			return true;
	return false;
}

/* Looks up the directory again and watches it; stops watching what was watched in its place. */
static void arm(struct rules_watch *watch, struct watched *w)
{
	const int old_wd = w->wd, old_above = w->above_wd;

	for (int i = 0; i < ARM_TRIES; i++) {
		int above;

		watch_above(watch, w);
		above = w->above_wd;
		w->wd = inotify_add_watch(watch->fd, w->path, DIR_MASK);
		if (w->wd >= 0)
			break;
		/* Something above it may have been created before it was watched. */
		watch_above(watch, w);
		if (w->above_wd == above)
			break;
	}
	if (old_wd >= 0 && !is_used(watch, old_wd))
		(void)inotify_rm_watch(watch->fd, old_wd);
	if (old_above >= 0 && old_above != old_wd && !is_used(watch, old_above))
		(void)inotify_rm_watch(watch->fd, old_above);
}

static bool is_rules_name(const char *name)
{
	const size_t len = strlen(name);

	return name[0] != '.' && len > 6 && strcmp(name + len - 6, ".rules") == 0;
}

/* Watches the file's name in its directory. Returns false if there is no room. */
static bool watch_name(struct rules_watch *watch, const char *path)
{
	struct linked *const l = &watch->linked[watch->n_linked];
	const char *const name = strrchr(path, '/') + 1;
	char dir[PATH_MAX];

	if (watch->n_linked == RULES_WATCH_LINKS_MAX || *name == '\0' || strlen(name) > NAME_MAX ||
	    name - path >= PATH_MAX - 1)
		return false;
	(void)snprintf(l->name, sizeof l->name, "%s", name);
	(void)snprintf(dir, sizeof dir, "%.*s.", (int)(name - path), path);
	l->wd = inotify_add_watch(watch->fd, dir, DIR_MASK);
	watch->n_linked++;
	return true;
}

/* Watches the target of the link at path, and so on if that is a link. path: buffer of PATH_MAX bytes, overwritten. */
static void watch_linked(struct rules_watch *watch, char *path)
{
	char target[PATH_MAX];
	ssize_t len;

	for (int i = 0; i < LINK_STEPS; i++) {
		char *const name = strrchr(path, '/') + 1;

		len = readlink(path, target, sizeof target);
		if (len < 0 || (size_t)len + (size_t)(name - path) >= PATH_MAX)
			return;
		memcpy(target[0] == '/' ? path : name, target, (size_t)len);
		(target[0] == '/' ? path : name)[len] = '\0';
		if (!watch_name(watch, path))
			return;
	}
}

/* Looks up the address files again, and where links among them and in our directories lead. */
static void arm_links(struct rules_watch *watch)
{
	struct linked old[RULES_WATCH_LINKS_MAX];
	const size_t n_old = watch->n_linked;
	char path[PATH_MAX];

	memcpy(old, watch->linked, sizeof old);
	watch->n_linked = 0;
	for (size_t i = 0; i < watch->n; i++) {
		DIR *const dir = opendir(watch->list[i].path);
		const struct dirent *entry;

		while (dir != NULL && (entry = readdir(dir)) != NULL)
			if (is_rules_name(entry->d_name) &&
			    snprintf(path, sizeof path, "%s/%s", watch->list[i].path, entry->d_name) < PATH_MAX)
				watch_linked(watch, path);
		if (dir != NULL)
			(void)closedir(dir);
	}
	for (size_t i = 0; i < watch->n_files; i++)
		if (watch_name(watch, watch->files[i]) && snprintf(path, sizeof path, "%s", watch->files[i]) < PATH_MAX)
			watch_linked(watch, path);
	for (size_t i = 0; i < n_old; i++)
		if (old[i].wd >= 0 && !is_used(watch, old[i].wd))
			(void)inotify_rm_watch(watch->fd, old[i].wd); /* fails harmlessly if it occurs twice */
}

/* Copies a path without trailing slashes, so that the last slash separates its name. */
static char *copy_path(const char *path)
{
	size_t len = strlen(path);
	char *copy;

	while (len > 1 && path[len - 1] == '/')
		len--;
	copy = alloc_text_n(path, len, "the watched directories");
	return copy;
}

int rules_watch_new(const char *const dirs[], size_t n, struct rules_watch **ret, struct why *why)
{
	struct rules_watch *const watch = alloc_zero(1, sizeof *watch, "the watched directories");

	watch->list = alloc_zero(n + 1, sizeof *watch->list, "the watched directories");
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0) {
		const int error = errno;

		rules_watch_free(watch);
		return why_set(why, error, "inotify: %s; rule changes need a reload", strerror(error));
	}
	for (; watch->n < n; watch->n++)
		watch->list[watch->n] = (struct watched){.path = copy_path(dirs[watch->n]), .wd = -1, .above_wd = -1};
	for (size_t i = 0; i < n; i++)
		arm(watch, &watch->list[i]);
	arm_links(watch);
	*ret = watch;
	return 0;
}

static void free_files(struct rules_watch *watch)
{
	for (size_t i = 0; i < watch->n_files; i++)
		free(watch->files[i]);
	free(watch->files);
	watch->files = NULL;
	watch->n_files = 0;
}

void rules_watch_files(struct rules_watch *watch, const char *const paths[], size_t n)
{
	if (watch == NULL)
		return;
	free_files(watch);
	watch->files = alloc_zero(n, sizeof *watch->files, "the watched files");
	for (; watch->n_files < n; watch->n_files++)
		watch->files[watch->n_files] =
			strchr(paths[watch->n_files], '/') != NULL
				? alloc_text(paths[watch->n_files], "the watched files")
				: alloc_format("the watched files", "./%s", paths[watch->n_files]);
	arm_links(watch);
}

void rules_watch_free(struct rules_watch *watch)
{
	if (watch == NULL)
		return;
	free_files(watch);
	for (size_t i = 0; i < watch->n; i++)
		free(watch->list[i].path);
	free(watch->list);
	if (watch->fd >= 0)
		(void)close(watch->fd);
	free(watch);
}

int rules_watch_fd(const struct rules_watch *watch)
{
	return watch == NULL ? -1 : watch->fd;
}

/* --- events --- */

static void change(struct rules_watch *watch, int64_t now_ms)
{
	if (!watch->changed)
		watch->first_ms = now_ms;
	watch->changed = true;
	watch->last_ms = now_ms;
}

static void set_writer(struct rules_watch *watch, int wd, const char *name, bool writes)
{
	size_t i = 0;

	while (i < watch->n_writers && (watch->writers[i].wd != wd || strcmp(watch->writers[i].name, name) != 0))
		i++;
	if (!writes && i < watch->n_writers) {
		watch->writers[i] = watch->writers[--watch->n_writers];
	} else if (writes && i == watch->n_writers && i < RULES_WATCH_WRITERS_MAX) {
		watch->writers[i].wd = wd;
		(void)snprintf(watch->writers[i].name, sizeof watch->writers[i].name, "%s", name);
		watch->n_writers++;
	}
}

/* Handles a change of a file, which may still be open for writing. Opening with O_TRUNC is the first write. */
static void handle_file(struct rules_watch *watch, const struct inotify_event *event, const char *name, int64_t now_ms)
{
	set_writer(watch, event->wd, name, (event->mask & IN_MODIFY) != 0);
	change(watch, now_ms);
}

static void handle_linked(struct rules_watch *watch, const struct inotify_event *event, const char *name,
                          int64_t now_ms)
{
	bool lost = false;

	for (size_t i = 0; i < watch->n_linked; i++) {
		if (event->wd != watch->linked[i].wd)
			continue;
		if (strcmp(name, watch->linked[i].name) == 0)
			handle_file(watch, event, name, now_ms);
		if ((event->mask & IN_IGNORED) != 0)
			watch->linked[i].wd = -1;
		lost |= (event->mask & LOST) != 0;
	}
	if (lost)
		change(watch, now_ms);
}

static void handle_event(struct rules_watch *watch, const struct inotify_event *event, int64_t now_ms)
{
	const char *const name = event->len > 0 ? event->name : "";

	for (size_t i = 0; i < watch->n; i++) {
		struct watched *const w = &watch->list[i];
		const bool here = event->wd == w->wd, above = event->wd == w->above_wd;
		const bool lost = (event->mask & LOST) != 0;

		if ((event->mask & IN_Q_OVERFLOW) != 0 || ((here || above) && lost) ||
		    (above && strcmp(name, w->above) == 0 && (event->mask & APPEARS) != 0)) {
			if ((event->mask & IN_IGNORED) != 0) { /* the descriptor may be reused */
				w->wd = here ? -1 : w->wd;
				w->above_wd = above ? -1 : w->above_wd;
			}
			arm(watch, w);
			change(watch, now_ms);
		}
		if (here && is_rules_name(name))
			handle_file(watch, event, name, now_ms);
	}
	handle_linked(watch, event, name, now_ms);
	if ((event->mask & IN_Q_OVERFLOW) != 0)
		watch->n_writers = 0;
}

static void read_events(struct rules_watch *watch, int64_t now_ms)
{
	_Alignas(struct inotify_event) char bytes[4096];
	ssize_t len;

	while ((len = read(watch->fd, bytes, sizeof bytes)) > 0)
		for (const char *p = bytes; p < bytes + len;) {
			/* aligned, because the kernel pads names */
			const struct inotify_event *const event = (const void *)p;

			handle_event(watch, event, now_ms);
			p += sizeof *event + event->len;
		}
}

int64_t rules_watch_at(const struct rules_watch *watch)
{
	int64_t at;

	if (watch == NULL || !watch->changed)
		return INT64_MAX;
	if (watch->n_writers > 0)
		return watch->first_ms + RULES_WATCH_WRITING_MS;
	at = watch->last_ms + RULES_WATCH_QUIET_MS;
	return at < watch->first_ms + RULES_WATCH_NOISY_MS ? at : watch->first_ms + RULES_WATCH_NOISY_MS;
}

bool rules_watch_read(struct rules_watch *watch, int64_t now_ms)
{
	if (watch == NULL)
		return false;
	read_events(watch, now_ms);
	if (now_ms < rules_watch_at(watch))
		return false;
	arm_links(watch); /* before the files are read: a change from now on raises an event */
	watch->changed = false;
	watch->n_writers = 0;
	return true;
}
