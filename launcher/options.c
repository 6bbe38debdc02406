// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of `lguest run`.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "lguest/api.h"
#include "report.h"

enum {
	OPT_MEMORY = 'm',
	OPT_INITRD = 'i',
	OPT_CONSOLE = 'c',
	OPT_BLOCK = 'b',
	OPT_HELP = 'h',
	OPT_PAGING = 256,
	OPT_NO_REBOOT,
	OPT_NO_RNG,
	OPT_FORCE,
	OPT_SANDBOX,
	OPT_STATS,
};

static const struct option long_options[] = {
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "console", required_argument, NULL, OPT_CONSOLE },
	{ "block", required_argument, NULL, OPT_BLOCK },
	{ "guest-paging", required_argument, NULL, OPT_PAGING },
	{ "no-reboot", no_argument, NULL, OPT_NO_REBOOT },
	{ "no-rng", no_argument, NULL, OPT_NO_RNG },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "sandbox", required_argument, NULL, OPT_SANDBOX },
	{ "stats", optional_argument, NULL, OPT_STATS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static unsigned int size_shift(const char *suffix)
{
	static const struct {
		const char *suffix;
		unsigned int shift;
	} known[] = {
		{ "", 20 }, { "K", 10 }, { "k", 10 }, { "M", 20 }, { "m", 20 },
		{ "G", 30 }, { "g", 30 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(suffix, known[i].suffix))
			return known[i].shift;
	return 0;
}

static u64 options_memory(const char *arg)
{
	unsigned long long n;
	unsigned int shift;
	char *suffix;
	u64 bytes;

	errno = 0;
	n = strtoull(arg, &suffix, 10);
	shift = size_shift(suffix);
	if (suffix == arg || *arg == '-' || !shift || errno)
		die(STATUS_USAGE, "--memory %s: not a size; say 64M, 65536K or 1G",
		    arg);
	bytes = (u64)n << shift;
	if (bytes >> shift != n)
		die(STATUS_USAGE, "--memory %s: too large", arg);
	if (bytes < MIB)
		die(STATUS_USAGE, "--memory %s: too small; at least 1M", arg);
	if (bytes % PAGE_BYTES)
		die(STATUS_USAGE, "--memory %s: not a multiple of 4K", arg);
	return bytes;
}

static u32 options_paging(const char *arg)
{
	static const char *const names[] = {
		[LG_PAGING_AUTO] = "auto",
		[LG_PAGING_2LEVEL] = "2level",
		[LG_PAGING_PAE] = "pae",
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i]))
			return i;
	die(STATUS_USAGE, "--guest-paging %s: say auto, 2level or pae", arg);
}

static void options_device(const char **list, unsigned int *count,
			   const char *name, const char *arg)
{
	if (*count == OPTIONS_DEVICES_MAX)
		die(STATUS_USAGE, "%s: at most %u", name, OPTIONS_DEVICES_MAX);
	list[(*count)++] = arg;
}

static bool options_sandbox_off(const char *arg)
{
	if (strcmp(arg, "on") && strcmp(arg, "off"))
		die(STATUS_USAGE, "--sandbox %s: say on or off", arg);
	return !strcmp(arg, "off");
}

static void options_take(struct options *options, int option)
{
	switch (option) {
	case OPT_MEMORY:
		options->memory = options_memory(optarg);
		break;
	case OPT_INITRD:
		options->initrd = optarg;
		break;
	case OPT_CONSOLE:
		options_device(options->console, &options->consoles,
			       "--console", optarg);
		break;
	case OPT_BLOCK:
		options_device(options->block, &options->blocks, "--block",
			       optarg);
		break;
	case OPT_PAGING:
		options->paging = options_paging(optarg);
		break;
	case OPT_NO_REBOOT:
		options->no_reboot = true;
		break;
	case OPT_NO_RNG:
		options->no_rng = true;
		break;
	case OPT_FORCE:
		options->force = true;
		break;
	case OPT_SANDBOX:
		options->no_sandbox = options_sandbox_off(optarg);
		break;
	case OPT_STATS:
		options->stats = true;
		options->stats_path = optarg;
		break;
	case OPT_HELP:
		help_run();
		exit(STATUS_OK);
	}
}

/* @word: where getopt stopped; of several letters in one, optopt says which. */
static void __attribute__((noreturn)) options_bad(const char *word, int option)
{
	const char letter[] = { '-', (char)optopt, 0 };

	if (strncmp(word, "--", 2))
		word = letter;
	die(STATUS_USAGE, "%s: %s; see `lguest run --help`", word,
	    option == ':' ? "needs a value" : "no such option, or not in this form");
}

static char *options_join(char **words, int count)
{
	size_t bytes = 1;
	char *line;

	for (int i = 0; i < count; i++)
		bytes += strlen(words[i]) + 1;
	line = calloc(1, bytes);
	if (!line)
		die(STATUS_HOST, "out of memory");
	for (int i = 0; i < count; i++) {
		if (i)
			strcat(line, " ");
		strcat(line, words[i]);
	}
	return line;
}

void options_parse(struct options *options, int argc, char **argv)
{
	int option, rest = argc;

	memset(options, 0, sizeof(*options));
	/* getopt would take the "--" for itself; it is where our part ends. */
	for (int i = 1; i < argc && rest == argc; i++)
		if (!strcmp(argv[i], "--"))
			rest = i;
	opterr = 0;
	while ((option = getopt_long(rest, argv, ":m:i:c:b:h", long_options,
				     NULL)) != -1) {
		if (option == '?' || option == ':')
			options_bad(argv[optind - 1], option);
		options_take(options, option);
	}
	if (optind >= rest)
		die(STATUS_USAGE, "no kernel given; see `lguest run --help`");
	options->kernel = argv[optind++];
	if (optind < rest)
		die(STATUS_USAGE,
		    "one kernel, please: %s is one too many (kernel arguments go after --)",
		    argv[optind]);
	if (rest < argc)
		rest++;
	options->cmdline = options_join(argv + rest, argc - rest);
	if (!options->consoles)
		options->console[options->consoles++] = "tty";
}
