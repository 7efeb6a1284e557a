#!/usr/bin/env python3
# A plug-in: [rpcinterface:hello] with command=/usr/bin/python3 greeting.py and greeting=howdy
# gives clients of supervisord the method hello.greet. See docs/plugins.md.
import os, socket
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

def greet(name):
    """Return a greeting."""
    return os.environ.get("SUPERVISOR_OPTION_GREETING", "hello") + ", " + name

SimpleXMLRPCRequestHandler.disable_nagle_algorithm = False  # a Unix socket has none
server = SimpleXMLRPCServer(("", 0), bind_and_activate=False, logRequests=False)
server.socket = socket.socket(fileno=0)  # standard input is a socket that listens already
server.register_introspection_functions()
server.register_function(greet, os.environ["SUPERVISOR_NAMESPACE"] + ".greet")
server.serve_forever()
