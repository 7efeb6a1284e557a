// The baseline of events: only two pipes between this program and a listener.
//
//   events N COMMAND [ARG...]
//
// It starts COMMAND, sends it N events of one line, each after the answer to the one before, and a last one that ends the
// measurement.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int to, from;

static void need(int ok)
{
	if (!ok) {
		perror("events");
		exit(1);
	}
}

static void expect(const char *text)
{
	char got[64];
	size_t have = 0;
	while (have < strlen(text)) {
		ssize_t n = read(from, got + have, sizeof got - have);
		need(n > 0);
		have += n;
	}
}

static void send_event(long i, const char *name, const char *payload)
{
	char text[512];
	int n = snprintf(text, sizeof text, "ver:3.0 server:supervisor serial:%ld pool:l poolserial:%ld eventname:%s len:%zu\n%s",
		i, i, name, strlen(payload), payload);
	need(write(to, text, n) == n);
}

int main(int argc, char **argv)
{
	int in[2], out[2];
	if (argc < 3)
		return 2;
	need(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to = in[1], from = out[0];
	char payload[256] = "processname:p-0 groupname:p pid:12345 channel:stdout\n";
	size_t head = strlen(payload);
	memset(payload + head, 'x', 127);
	strcpy(payload + head + 127, "\n");
	long n = atol(argv[1]);
	expect("READY\n");
	for (long i = 0; i < n; i++) {
		send_event(i, "PROCESS_LOG_STDOUT", payload);
		expect("RESULT 2\nOKREADY\n");
	}
	send_event(n, "REMOTE_COMMUNICATION", "type:t\n");
	expect("RESULT 2\nOKREADY\n");
	close(to);
	waitpid(pid, NULL, 0);
}
