package access

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// covers: ACC-4
// TestHashes checks each form of a password, right and wrong.
func TestHashes(t *testing.T) {
	bcrypted, err := Bcrypt("thepassword")
	if err != nil {
		t.Fatal(err)
	}
	for _, configured := range []string{"thepassword", SHA256("thepassword"), strings.ToUpper(SHA256("thepassword")),
		"{SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d", bcrypted, argon("thepassword"),
		"{BCRYPT}$2b$04$" + bcryptOfCost4} {
		if err := CheckPassword(configured); err != nil {
			t.Errorf("%s: %v", configured, err)
		}
		if !matches(configured, "thepassword") {
			t.Errorf("%s: the right password is refused", configured)
		}
		if strings.HasPrefix(configured, "{BCRYPT}$2a$12") { // one check is enough, they take their time
			continue
		}
		for _, wrong := range []string{"", "thepasswor", "thepassword ", configured + "x"} {
			if matches(configured, wrong) {
				t.Errorf("%s: accepts %q", configured, wrong)
			}
		}
	}
}

// TestArgon2 checks the parameters of the hashes that we make.
func TestArgon2(t *testing.T) {
	text := Argon2("thepassword", bytes.Repeat([]byte("s"), 16))
	if !strings.HasPrefix(text, "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzcw$") || CheckPassword(text) != nil {
		t.Error(text)
	}
}

// bcryptOfCost4 is what crypt(3) of libxcrypt makes of "thepassword", without its prefix.
const bcryptOfCost4 = "abcdefghijklmnopqrstuucYMIa0yn6wuSSNF0PhMvS5hI6krhhiC"

// TestCheckPassword checks what is said about hashes that cannot be used.
func TestCheckPassword(t *testing.T) {
	salt, hash := "c2FsdHNhbHQ", strings.Repeat("A", 22)
	for _, c := range []struct{ configured, want string }{
		{"", ""}, {"{SHA512}x", ""}, {"plain $2b$", ""},
		{"{SHA256}12", "has a malformed password hash"},
		{"{SHA256}" + strings.Repeat("z", 64), "has a malformed password hash"},
		{"{BCRYPT}", "has a malformed password hash"},
		{"{BCRYPT}$2b$12$short", "has a malformed password hash"},
		{"{BCRYPT}$2b$16$" + strings.Repeat("a", 53), "has a bcrypt hash of cost 16, it must be from 4 to 15"},
		{"{ARGON2ID}$argon2i$v=19$m=8,t=1,p=1$" + salt + "$" + hash, "has a malformed password hash"},
		{"{ARGON2ID}$argon2id$v=16$m=8,t=1,p=1$" + salt + "$" + hash, "has a malformed password hash"},
		{"{ARGON2ID}$argon2id$v=19$m=8,t=0,p=1$" + salt + "$" + hash, "has a malformed password hash"},
		{"{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$*$" + hash, "has a malformed password hash"},
		{"{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$" + salt + "$AAAA", "has a malformed password hash"},
		{"{ARGON2ID}$argon2id$v=19$m=1048576,t=1,p=1$" + salt + "$" + hash, "asks for 1048576 KiB, the most is 65536"},
		{"{ARGON2ID}$argon2id$v=19$m=8,t=11,p=1$" + salt + "$" + hash, "asks for 11 passes, the most is 10"},
		{"{ARGON2ID}$argon2id$v=19$m=8,t=1,p=5$" + salt + "$" + hash, "asks for 5 threads, the most is 4"},
		{"{ARGON2ID}$argon2id$v=19$m=8,t=1,p=4$" + salt + "$" + hash, ""},
	} {
		got := ""
		if err := CheckPassword(c.configured); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.configured, got, c.want)
		}
	}
}

// argon is a cheap hash of "a".
func argon(password string) string {
	h := argon2Hash{memory: 8, passes: 1, threads: 1, salt: []byte("saltsalt"), hash: make([]byte, 16)}
	h.hash = h.of(password)
	return h.String()
}

// TestRemembered checks that a success is remembered until the users change, and only for the same credentials on the same server.
func TestRemembered(t *testing.T) {
	checks := NewChecks([]byte("key"))
	users := []User{{Name: "alice", Password: argon("a"), Role: Read}, {Name: "bob", Password: "b", Role: Read}}
	g := New([]Rules{{Section: "s"}, {Section: "t"}}, users, checks).Gate(0)
	judge := func(name, password string) bool {
		return g.Judge(Credentials{Authorization: basicOf(name, password), Fields: 1}).Caller != nil
	}
	if !judge("alice", "a") || len(checks.known) != 1 {
		t.Fatal("it is not remembered")
	}
	g.accounts["alice"].password = argon("other") // what is remembered counts
	if !judge("alice", "a") {
		t.Error("it is checked again")
	}
	if judge("alice", "b") || judge("carol", "a") || judge("carol", "other") {
		t.Error("other credentials are accepted")
	}
	if !judge("bob", "b") || len(checks.known) != 1 {
		t.Error("a plain password is remembered")
	}
	g = New([]Rules{{Section: "s"}}, []User{{Name: "alice", Password: argon("new"), Role: Read}}, checks).Gate(0)
	if judge("alice", "a") {
		t.Error("it is remembered after a change of the users")
	}
	for i := range 2 * maxRemembered {
		checks.remember(checks.sum("s", "alice", fmt.Sprint(i)), g.accounts["alice"])
	}
	if len(checks.known) != maxRemembered || len(checks.order) != maxRemembered {
		t.Errorf("%d and %d are remembered", len(checks.known), len(checks.order))
	}
}

// TestBusy checks that no more than a few checks wait, while others are answered.
func TestBusy(t *testing.T) {
	checks := NewChecks([]byte("key"))
	g := New([]Rules{{}}, []User{{Name: "alice", Password: argon("a"), Role: Read}, {Name: "bob", Password: "b", Role: Read}}, checks).Gate(0)
	checks.running.Lock()
	var all sync.WaitGroup
	for range 1 + maxWaiting {
		all.Go(func() {
			if v := g.Judge(Credentials{Authorization: basicOf("alice", "a"), Fields: 1}); v.Caller == nil {
				t.Errorf("%+v", v)
			}
		})
	}
	for {
		checks.mu.Lock()
		n := checks.waiting
		checks.mu.Unlock()
		if n == 1+maxWaiting {
			break
		}
		runtime.Gosched()
	}
	if v := g.Judge(Credentials{Authorization: basicOf("alice", "a"), Fields: 1}); v.Status != http.StatusServiceUnavailable || v.Failed {
		t.Errorf("%+v", v)
	}
	if v := g.Judge(Credentials{Authorization: basicOf("bob", "b"), Fields: 1}); v.Caller == nil {
		t.Errorf("a plain password: %+v", v)
	}
	checks.running.Unlock()
	all.Wait()
}

// TestTokens checks bearer tokens.
func TestTokens(t *testing.T) {
	long := strings.Repeat("x", maxToken)
	g := New([]Rules{{}}, []User{{Name: "alice", Tokens: []string{SHA256("secret"), SHA256(long), SHA256(long + "x")}, Role: Control}}, nil).Gate(0)
	for header, want := range map[string]bool{"Bearer secret": true, "bearer  secret ": true, "Bearer " + long: true, "Bearer " + long + "x": false,
		"Bearer": false, "Bearer other": false, "Basic secret": false, "Bearer secret secret": false, basicOf("alice", ""): false,
		basicOf("alice", "secret"): false} {
		v := g.Judge(Credentials{Authorization: header, Fields: 1})
		if got := v.Caller != nil; got != want || got && (v.Caller.User != "alice" || v.Caller.By != ByToken || v.Caller.Role != Control) {
			t.Errorf("%s: %+v", header, v)
		}
	}
	for text, want := range map[string]bool{SHA256("x"): true, "secret": false, "{SHA256}12": false, "{SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d": false} {
		if got := CheckToken(text) == nil; got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// covers: ACC-9
// TestThrottle counts failed logins with a clock of its own.
func TestThrottle(t *testing.T) {
	var throttle Throttle
	now := time.Unix(1000, 0)
	limit := Limit{3, time.Minute}
	fail := func(address, name string) (time.Duration, int) { return throttle.Failed(limit, address, name, now) }
	for i := range 2 {
		if wait, n := fail("a", "alice"); wait != 0 || n != 0 {
			t.Errorf("failure %d: %v, %d", i, wait, n)
		}
	}
	if wait, n := fail("a", "alice"); wait != 0 || n != 3 {
		t.Errorf("the last: %v, %d", wait, n)
	}
	if throttle.Paused("a", now) != time.Second || throttle.Paused("b", now) != 0 {
		t.Error("the address does not wait, or another one does")
	}
	if wait, _ := fail("b", "alice"); wait != time.Second {
		t.Errorf("the name from another address: %v", wait)
	}
	if wait, _ := fail("c", "bob"); wait != 0 {
		t.Errorf("another name from another address: %v", wait)
	}
	for _, want := range []time.Duration{2, 4, 8, 16, 32, 60, 60} {
		now = now.Add(throttle.Paused("a", now))
		if throttle.Paused("a", now) != 0 {
			t.Error("the pause does not end")
		}
		fail("a", "")
		if got := throttle.Paused("a", now); got != want*time.Second {
			t.Errorf("pause %v, want %d s", got, want)
		}
	}
	now = now.Add(3 * time.Minute)
	if _, n := fail("a", "alice"); n != 0 || throttle.Paused("a", now) != 0 {
		t.Error("failures are not forgotten")
	}
	for i := range 3 * maxThrottled {
		fail(fmt.Sprint("address ", i), fmt.Sprint("name ", i))
	}
	if len(throttle.addresses.by) != maxThrottled || len(throttle.names.by) != maxThrottled || len(throttle.addresses.order) != maxThrottled {
		t.Errorf("%d addresses, %d names", len(throttle.addresses.by), len(throttle.names.by))
	}
	if wait, n := throttle.Failed(Limit{}, "x", "y", now); wait != 0 || n != 0 || throttle.addresses.by["x"] != nil {
		t.Error("without a limit something is counted")
	}
}
