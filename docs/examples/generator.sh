#!/bin/sh
# A sample source of events: the text between the two tokens becomes a PROCESS_COMMUNICATION event.
#
#   [program:generator]
#   command=/bin/sh generator.sh 5
#   stdout_capture_maxbytes=1KB
n=0
while :; do
	n=$((n + 1))
	printf '<!--XSUPERVISOR:BEGIN-->beat %d<!--XSUPERVISOR:END-->' "$n"
	echo 'this line is ordinary output'
	sleep "${1:-5}"
done
