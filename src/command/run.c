/*
 * run: the daemon. The root process opens the firewall, starts the engine as another user in a fresh address space,
 * and from then on only answers packets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "command/command.h"
#include "command/firewall.h"
#include "command/refresh.h"
#include "command/tarpit.h"
#include "engine/engine.h"
#include "engine/sandbox.h"
#include "store/store.h"

enum { ENGINE_FD = 3 }; /* descriptor of the engine's end of the pair */

static const char engine_flag[] = "--engine";

/* What the engine is started with. */
struct start {
	const struct config *config;
	const struct command_env *env;
};

/*
 * Logs why the daemon cannot start. Returns the status: COMMAND_USAGE if an administrator must change something
 * first, so that systemd does not retry; otherwise a retry may succeed.
 */
static int report(int rc, const struct why *why)
{
	log_line(LOG_ERR, "%s", why->text);
	switch (-rc) {
	case EINVAL:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case EACCES:
	case EROFS:
		return COMMAND_USAGE;
	default:
		return COMMAND_SYSTEM;
	}
}

/* --- the engine's side --- */

/* Restricts writing to beside the database and where sockets are created and removed. */
static int give_up_rights(const struct config *config, struct why *why)
{
	const char *paths[2 + CONFIG_SOCKETS_MAX] = {config->database.path};
	size_t n = 1;

	if (config->control.socket[0] != '\0')
		paths[n++] = config->control.socket;
	for (size_t i = 0; i < config->n_sockets; i++)
		paths[n++] = config->sockets[i];
	return sandbox_engine(paths, n, why);
}

/* Runs after exec, as the engine's user. */
static int run_engine(const struct command_env *env)
{
	struct engine_root root = {ENGINE_FD, env->config_path, !env->config_given, -1};
	struct config *config;
	struct engine *engine;
	struct why why;
	int rc, status;

	log_init("watchforspammers", LOG_INFO);
	if ((rc = engine_config(&root, &config, &why)) < 0 ||
	    (rc = refresh_start(config, ENGINE_FD, &root.export_fd, &why)) < 0)
		return report(rc, &why);
	store_temp_beside(config->database.path);
	rc = engine_new(config, &root, &engine, &why);
	if (rc < 0)
		return report(rc, &why);
	rc = give_up_rights(config, &why);
	if (rc < 0) {
		engine_free(engine);
		log_line(LOG_ERR, "%s", why.text);
		return COMMAND_SYSTEM;
	}
	status = engine_run(engine);
	engine_free(engine);
	return status;
}

/* Executes the engine; returns only on failure. A configuration that was not given by -c need not exist. */
static void exec_engine(const struct command_env *env)
{
	static const char program[] = "/proc/self/exe", name[] = "watchforspammers-engine";

	if (env->config_given)
		(void)execl(program, name, "-c", env->config_path, "run", engine_flag, (char *)NULL);
	else
		(void)execl(program, name, "run", engine_flag, (char *)NULL);
}

/* Runs in the child: becomes the engine's user, then the engine. Returns the exit status if that fails. */
static int become_engine(int fd, const void *argument)
{
	const struct start *const start = argument;
	char pid[16];
	struct why why;
	int rc;

	if (fd == ENGINE_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, ENGINE_FD) < 0) {
		log_line(LOG_ERR, "cannot pass the engine its socket: %s", strerror(errno));
		return COMMAND_SYSTEM;
	}
	if ((rc = sandbox_become(start->config->run.user, &why)) < 0)
		return report(rc, &why);
	/* systemd's watchdog is fed by the engine, the process that could hang. */
	if (getenv("WATCHDOG_PID") != NULL) {
		(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
		(void)setenv("WATCHDOG_PID", pid, 1);
	}
	exec_engine(start->env);
	rc = why_set(&why, errno, "cannot start the engine: %s", strerror(errno));
	return report(rc, &why);
}

/* --- root's side --- */

static int run_root(const struct config *config, const struct command_env *env)
{
	const struct start start = {config, env};
	struct why why;
	int status;

	log_init("watchforspammers[root]", LOG_INFO);
	if (command_serve_root(config, env->config_path, false, become_engine, &start, &status, &why) < 0) {
		log_line(LOG_ERR, "%s", why.text);
		return COMMAND_SYSTEM;
	}
	return status;
}

int command_run(int argc, char **argv, const struct command_env *env)
{
	const bool is_engine = argc == 2 && strcmp(argv[1], engine_flag) == 0;
	const bool is_tarpit = argc == 2 && strcmp(argv[1], COMMAND_TARPIT_FLAG) == 0;
	struct config *config;
	int status = COMMAND_SYSTEM;

	if (env->json)
		return command_usage(argv[0], "it prints nothing; --json is not supported");
	if (is_tarpit)
		return command_hold_tarpit();
	if (argc > 1 && !is_engine)
		return command_no_word(argv[0], argv[1]);
	if (is_engine)
		return run_engine(env);
	if ((config = command_config(env, &status)) == NULL)
		return status;
	status = run_root(config, env);
	config_free(config);
	return status;
}
