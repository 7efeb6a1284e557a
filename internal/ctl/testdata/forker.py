"""Runs the original supervisorctl, loaded once. Each line of input is a JSON list of arguments and of the files for its
standard input, output and error. The command runs in a fork of this process; its exit status is the line of output."""
import json
import os
import sys
import traceback

from supervisor import supervisorctl


def run(args, files):
    for fd, path in enumerate(files):
        opened = os.open(path, os.O_RDONLY if fd == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, fd)
        os.close(opened)
    sys.stdin, sys.argv = open(0), ["/usr/bin/supervisorctl"] + args
    status = 0
    try:
        status = supervisorctl.main()
    except SystemExit as e:
        status = e.code
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


requests = sys.stdin
for line in iter(requests.readline, ""):
    args, files = json.loads(line)
    pid = os.fork()
    if pid == 0:
        run(args, files)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
