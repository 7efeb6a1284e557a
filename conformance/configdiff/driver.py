# Reads configurations with the installed original: a path per line on standard input, a JSON object per line on standard output.
# One interpreter serves a whole run, since its start takes longer than reading.
import io
import json
import os
import re
import shlex
import sys
import time
import traceback

import supervisor.datatypes as datatypes
import supervisor.options as options
from supervisor.events import getEventNameByType


class Exit(Exception):
    pass


# Rule N-3: the newest version reads environment= by POSIX rules.
class Token(str):
    def strip(self, *chars):
        return self


class PosixShlex:
    @staticmethod
    def shlex(text):
        return Lexer(text, posix=True)


class Lexer(shlex.shlex):
    def __next__(self):
        return Token(super().__next__())


datatypes.shlex = PosixShlex


# Rule DIFF-9: a format without a name is an error, not a dump of the environment.
class Names(dict):
    def __str__(self):
        raise TypeError('%s format: a name is required')

    def __repr__(self):
        raise TypeError('%r format: a name is required')


Names.__name__ = 'dict'  # messages show it
plain_expand = options.expand


def expand(text, names, where):
    if where == 'supervisord.environment':  # rule N-2: it is expanded once, under the name that comes second
        return text
    return plain_expand(text, Names(names), where)


options.expand = expand


# Rule DIFF-10: %(here)s is an ordinary name, the directory of the file that contains it.
def expand_here(parser, here):
    def replace(match):
        try:
            return match[0] if match[0] == '%%' else (match[0] % {'here': here}).replace('%', '%%')
        except (TypeError, ValueError):  # a wrong format, which is reported where it is read
            return match[0]
    for section in [*parser._sections.values(), parser._defaults]:
        for key, text in section.items():
            section[key] = re.sub(r'%%|%\(here\)[^a-zA-Z%]*[hlL]?[a-zA-Z]', replace, text)


options.UnhosedConfigParser.expand_here = expand_here


# The names of the keys of [supervisord] and of a process.
DAEMON_KEYS, PROCESS_KEYS = (names.split(',') for names in sys.argv[1:])


def word(value):
    return {options.Automatic: 'auto', datatypes.RestartUnconditionally: True,
            datatypes.RestartWhenExitUnexpected: 'unexpected'}.get(value, value) if isinstance(value, type) else value


def process(config):
    shown = {key: word(getattr(config, key)) for key in PROCESS_KEYS}
    shown['stopsignal'] = int(config.stopsignal)
    shown['killasgroup'] = bool(config.killasgroup)
    return shown


def group(config):
    shown = {'name': config.name, 'priority': config.priority, 'kind': type(config).__name__,
             'processes': [process(p) for p in config.process_configs]}
    if hasattr(config, 'buffer_size'):
        shown['buffer_size'] = config.buffer_size
        shown['events'] = sorted(getEventNameByType(e) for e in config.pool_events)
        handler = config.result_handler
        shown['result_handler'] = '%s:%s' % (handler.__module__, handler.__name__)
    if hasattr(config, 'socket_config'):
        socket = config.socket_config
        shown['socket'] = {'url': socket.url, 'backlog': socket.backlog or 0,
                           'mode': getattr(socket, 'mode', None), 'owner': getattr(socket, 'owner', None)}
    return shown


def server(config):
    shown = dict(config)
    shown['family'] = 'unix' if 'file' in config else 'inet'
    return shown


def evaluate(path):
    errors = io.StringIO()
    o = options.ServerOptions()
    o.stderr = errors

    def leave(status):
        raise Exit(status)
    o.exit = leave
    try:
        o.realize(args=['-c', path], progname='supervisord')
    except Exit as e:
        return {'status': e.args[0], 'message': errors.getvalue()}
    except Exception:
        return {'crash': traceback.format_exc().strip().splitlines()[-1]}
    section = o.configroot.supervisord
    values = {key: getattr(o, key, None) for key in DAEMON_KEYS}
    values['uid'] = getattr(o, 'uid', None) if o.user is not None else None
    for key in ('nodaemon', 'silent', 'nocleanup', 'strip_ansi'):
        values[key] = bool(values[key])
    values['environment'] = section.environment
    return {'values': {
        'supervisord': values, 'groups': [group(g) for g in o.process_group_configs],
        'servers': [server(s) for s in o.server_configs],
        'interfaces': [{'name': n, 'options': extras} for n, _, extras in o.rpcinterface_factories],
        'warnings': o.parse_warnings, 'infos': o.parse_infos}}


def measure(path):
    begin = time.perf_counter()
    answer = evaluate(path)
    return {'seconds': time.perf_counter() - begin, 'groups': len(answer['values']['groups'])}


for line in sys.stdin:
    command, path = line.rstrip('\n').split(' ', 1)
    answer = {'read': evaluate, 'measure': measure}[command](path)
    print(json.dumps(answer), flush=True)
