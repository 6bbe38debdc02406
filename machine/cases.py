# SPDX-License-Identifier: GPL-2.0
"""The test cases: tests/cases/*.cases, described in tests/cases/README."""

import configparser
import dataclasses
import fnmatch
import glob
import os
import re

import images

# The host machines of each leg; a case runs on all of its leg's unless it says
# otherwise.  They differ in what the switcher and the page tables depend on.
# Keys are those of vm.Config; `slow`: how many times slower it is, run only on
# request; `like`: the machine whose cases it runs, too.
PANIC = "panic_on_warn=1 oops=panic"
AMD = "max,la57=off,smap=off,erms=off"
INTEL = "Skylake-Client,smap=off,erms=off"
MACHINES = {
    "i386": {
        "reserved": {"append": "reservetop=4M pti=off", "smp": 1},
        "pti": {"append": "reservetop=4M pti=on", "smp": 2},
        "vmap": {"append": "pti=off", "smp": 2},
        "vmap-pti": {"append": "pti=on", "smp": 2},
        # Linux warns of two CPUs of the old AMD model that `max` is otherwise.
        "debug": {"append": "pti=on slub_debug=FZPU " + PANIC,
                  "smp": 2, "cpu": "max,family=15,model=107",
                  "host": "i386-debug", "slow": 10},
        "bochs": {"append": "reservetop=4M", "smp": 1,
                  "emulator": "bochs", "like": "reserved", "slow": 10},
        # Without SMEP and SMAP: changing them in CR4 forgets all translations.
        "bochs-global": {"append": "reservetop=4M pti=off", "smp": 1,
                         "emulator": "bochs", "cpu": "core_duo_t2400_yonah",
                         "like": "reserved", "slow": 10},
    },
    "amd64": {
        "default": {"append": "", "smp": 1, "cpu": AMD, "kvm": True},
        # No FSGSBASE: no short way in the switcher either.
        "pti": {"append": "pti=on", "smp": 2, "cpu": AMD + ",fsgsbase=off"},
        "intel": {"append": "", "smp": 2, "cpu": INTEL},
        "kernel612": {"append": "", "smp": 2, "cpu": AMD,
                      "host": "amd64-6.12"},
        "debug": {"append": "pti=on " + PANIC, "smp": 2, "cpu": AMD,
                  "kvm": True, "host": "amd64-debug", "slow": 10},
        "bochs": {"append": "", "smp": 1, "emulator": "bochs",
                  "like": "default", "slow": 10},
        "bochs-global": {"append": "pti=off", "smp": 1, "emulator": "bochs",
                         "like": "default", "slow": 10},
        "bochs-ibt": {"append": "", "smp": 1, "emulator": "bochs",
                      "cpu": "tigerlake", "host": "amd64-6.12",
                      "like": "default", "slow": 10},
    },
}
# What stock kernels shall run on: each of these with each of those, for `make
# matrix` alone.  In a case, `matrix` is all of them.
MATRIX = ["matrix-%s-%s-%s-%s" % (maker, pti, cpus, kernel)
          for maker in ("amd", "intel") for pti in ("pti", "nopti")
          for cpus in ("1cpu", "2cpus") for kernel in ("6.1", "6.12")]
for _name in MATRIX:
    _, _maker, _pti, _cpus, _kernel = _name.split("-")
    MACHINES["amd64"][_name] = {
        "append": "pti=" + {"pti": "on", "nopti": "off"}[_pti],
        "smp": int(_cpus[0]), "cpu": AMD if _maker == "amd" else INTEL,
        "host": "amd64" + ("-6.12" if _kernel == "6.12" else ""), "slow": 1}
OUTER = "outer"
# Runs only cases that name it: what it is like is tested one by one elsewhere.
ON_REQUEST = ("vmap-pti",)
# Its kernel looks for mistakes and is slow: for `make debug`, which runs all there
# that need no machine of their own.
DEBUG = "debug"

KINDS = {
    "guest": "run-guest /tests/guests/",
    "program": "/tests/host/",
    "script": "sh /tests/scripts/",
    "outer": "",
}
VERDICTS = ("SUCCESS", "SKIP", "ERROR", "FAILURE", "KILLED", "CRASHED")
EXPECTABLE = VERDICTS + ("CRASH", "TIMEOUT", "LOG")
DEFAULTS = {"expect": "SUCCESS", "timeout": "60", "machines": "all",
            "fresh": "no", "module": "loaded", "mem": "", "append": "",
            "cpu": "", "log": "", "nmi": "0", "debug": "yes"}


@dataclasses.dataclass
class Case:
    """One stanza on one machine."""
    leg: str
    name: str
    machine: str
    kind: str
    command: str
    expect: str
    timeout: int
    alone: bool
    module: str
    mem: str
    append: str
    cpu: str
    log: str
    nmi: int

    @property
    def names(self):
        """What somebody may call it."""
        return (self.name, "%s/%s" % (self.machine, self.name), self.title)

    @property
    def is_guests(self):
        """Guests do all that happens: the host's log has nothing to say."""
        return self.kind == "guest" or "/survive " in self.command

    @property
    def title(self):
        return "%s/%s/%s" % (self.leg, self.machine, self.name)


class BadCase(Exception):
    """A stanza that says something impossible."""


def _check(ok, text):
    if not ok:
        raise BadCase(text)


def _is_slow(leg, machine):
    return "slow" in MACHINES[leg].get(machine, {})


def _machines(leg, kind, wanted, debug, bochs):
    """Of the machines in `wanted`, this leg's; and, unless it is only for those,
    the debug machine and, if they can, those like one of them."""
    if kind == OUTER:
        return [OUTER]
    wanted = wanted.split()
    if "all" in wanted:
        wanted += [name for name in MACHINES[leg]
                   if name not in ON_REQUEST and not _is_slow(leg, name)]
        wanted.remove("all")
    if "matrix" in wanted:
        wanted = [name for name in wanted if name != "matrix"] + MATRIX
    for name in wanted:
        _check(any(name in each for each in MACHINES.values()),
               "no machine `%s`" % name)
    wanted = [name for name in wanted if name in MACHINES[leg]]
    if wanted and debug and DEBUG not in wanted:
        wanted.append(DEBUG)
    if bochs:
        wanted += [name for name, machine in MACHINES[leg].items()
                   if machine.get("like") in wanted and name not in wanted]
    return wanted


def _expand(leg, name, stanza):
    """The cases that one stanza stands for: one on each machine."""
    kinds = [kind for kind in KINDS if kind in stanza]
    _check(re.fullmatch(r"[a-z0-9/._-]+", name), "bad name")
    _check(len(kinds) == 1, "needs exactly one of " + ", ".join(KINDS))
    kind = kinds[0]
    for key in stanza:
        _check(key == kind or key in DEFAULTS, "no key `%s`" % key)
    value = {**DEFAULTS, **stanza}
    _check(value["expect"].split()[0] in EXPECTABLE,
           "cannot expect " + value["expect"])
    _check(value["timeout"].isdigit(), "timeout is a number of seconds")
    _check(value["nmi"].isdigit(), "nmi is a number a second")
    _check(value["module"] in ("loaded", "absent"), "bad `module`")
    for key in ("fresh", "debug"):
        _check(value[key] in ("yes", "no"), "`%s` is yes or no" % key)
    alone = value["fresh"] == "yes" or value["mem"] or value["append"] \
        or value["cpu"]
    for machine in _machines(leg, kind, value["machines"],
                             value["debug"] == "yes",
                             value["nmi"] == "0" and not value["cpu"]):
        slow = MACHINES[leg].get(machine, {}).get("slow", 1)
        yield Case(leg, name, machine, kind, KINDS[kind] + value[kind],
                   value["expect"], int(value["timeout"]) * slow, bool(alone),
                   value["module"], value["mem"], value["append"],
                   value["cpu"], value["log"], int(value["nmi"]))


def load(leg, patterns, machines):
    """The leg's cases whose name or title matches one of the patterns, and the
    machine one of those."""
    parser = configparser.ConfigParser(interpolation=None, strict=True,
                                       default_section=None)
    folder = os.path.join(images.TOP, os.environ.get("CASES", "tests/cases"))
    files = [file for part in ("", leg)
             for file in sorted(glob.glob(os.path.join(folder, part, "*.cases")))]
    # Last what looks for the traces of those before.
    files.sort(key=lambda file: os.path.basename(file) == "debug.cases")
    parser.read(files)
    found = []
    for name in parser.sections():
        try:
            found += _expand(leg, name, dict(parser[name]))
        except BadCase as error:
            raise SystemExit("lguest: test case [%s]: %s"
                             % (name, error)) from None
    return [case for case in found
            if (any(fnmatch.fnmatch(case.machine, each) for each in machines)
                if machines else
                not _is_slow(leg, case.machine))
            and (not patterns or any(
                fnmatch.fnmatch(name, pattern)
                for pattern in patterns for name in case.names))]
