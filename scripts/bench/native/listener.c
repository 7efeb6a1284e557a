// The event listener of the bench: it answers as fast as it can, and counts events.
//
//   listener RESULT LINES     until it has received so many lines in PROCESS_LOG events; 0: until a REMOTE_COMMUNICATION event
//
// Then it writes to the file RESULT, in one line: nanoseconds of the monotonic clock at the first and at the last event,
// the number of events, of lines in them, and of events out of order, by their serials or by the states of a process p-N. It goes on
// answering.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { most = 4 << 20, processes = 10000 };

static char buffer[most + 1];
static int have;
static char states[processes][16];

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void fill(void)
{
	ssize_t n = read(0, buffer + have, most - have);
	if (n <= 0)
		exit(0);
	have += n;
}

static void answer(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		exit(4);
}

static long field(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	return at ? atol(at + strlen(key)) : -1;
}

static long lines(const char *text, const char *end)
{
	long n = 0;
	while ((text = memchr(text, '\n', end - text)))
		n++, text++;
	return n;
}

// chained returns whether the process left the state of its previous event.
static int chained(const char *event, const char *payload)
{
	long i = field(payload, "processname:p-");
	const char *from = strstr(payload, "from_state:");
	if (i < 0 || i >= processes || !from)
		return 1;
	from += strlen("from_state:");
	size_t n = strcspn(from, " ");
	int ok = !*states[i] || (strlen(states[i]) == n && !strncmp(states[i], from, n));
	const char *state = strstr(event, "PROCESS_STATE_") + strlen("PROCESS_STATE_");
	snprintf(states[i], sizeof states[i], "%.*s", (int)strcspn(state, " "), state);
	return ok;
}

static void finish(const char *path, long first, long events, long count, long disorder)
{
	char temporary[4096];
	snprintf(temporary, sizeof temporary, "%s.new", path);
	FILE *f = fopen(temporary, "w");
	if (!f)
		exit(3);
	fprintf(f, "%ld %ld %ld %ld %ld\n", first, now(), events, count, disorder);
	fclose(f);
	rename(temporary, path);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	long wanted = atol(argv[2]), first = 0, events = 0, count = 0, disorder = 0, serial = -1;
	int done = 0;
	answer("READY\n");
	for (;;) {
		char *end;
		while (!(end = memchr(buffer, '\n', have)))
			fill();
		*end = 0;
		long length = field(buffer, " len:");
		int head = end + 1 - buffer;
		if (length < 0 || head + length > most)
			return 3;
		while (have < head + length)
			fill();
		char *payload = buffer + head, *after = payload + length, kept = *after;
		*after = 0;
		if (!first)
			first = now();
		long number = field(buffer, " poolserial:");
		int marker = strstr(buffer, "eventname:REMOTE_COMMUNICATION") != NULL;
		disorder += number <= serial;
		serial = number;
		if (!marker)
			events++;
		if (strstr(buffer, "eventname:PROCESS_LOG"))
			count += lines(memchr(payload, '\n', length) + 1, after);
		else if (strstr(buffer, "eventname:PROCESS_STATE_"))
			disorder += !chained(buffer, payload);
		if (!done && (wanted ? count >= wanted : marker)) {
			done = 1;
			finish(argv[1], first, events, count, disorder);
		}
		*after = kept;
		have -= head + length;
		memmove(buffer, after, have);
		answer("RESULT 2\nOKREADY\n");
	}
}
