#!/bin/sh
# A sample event listener: it appends one line about each event to a file. It needs nothing but a shell, head and tr.
# Lengths count characters; with payload_length=bytes in its section head is right about any text, without it about ASCII.
#
#   [eventlistener:sample]
#   command=/bin/sh listener.sh /tmp/events
#   events=PROCESS_STATE,REMOTE_COMMUNICATION
#   payload_length=bytes
file=${1:?"usage: listener.sh FILE"}

while printf 'READY\n' && IFS= read -r header; do
	name=${header#*eventname:} name=${name%% *}
	length=${header##*len:} length=${length%% *}
	payload=$(head -c "$length" | tr '\n' ' ')

	# The work. What goes to standard output is the protocol, so messages go to standard error.
	if echo "$name $payload" >>"$file"; then
		printf 'RESULT 2\nOK'
	else
		echo "cannot write to $file" >&2
		printf 'RESULT 4\nFAIL' # it comes again
	fi
done
