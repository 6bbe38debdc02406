/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAUNCHER_CMD_CMD_H
#define LAUNCHER_CMD_CMD_H

/* One file each; argv[0] is the name of the subcommand.  Exit status. */
int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* help.c */
void help_run(void);

#endif
