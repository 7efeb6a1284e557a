package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestKiller finds the test that failed in the output of go test.
func TestKiller(t *testing.T) {
	tests := []struct {
		err  error
		test string
		late bool
	}{
		{errors.New("go test: exit status 1\n--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/sub (0.00s)\nFAIL\n"), "TestA", false},
		{errors.New("--- FAIL: TestScripts (0.1s)\n    --- FAIL: TestScripts/rpc (0.1s)\n        --- FAIL: TestScripts/rpc/one (0.1s)\n"),
			"TestScripts/rpc/one", false},
		{errors.New("panic: test timed out after 1m40s\n\trunning tests:\n\t\tTestB (1m40s)\n\ngoroutine 1 [running]:\n"), "TestB", true},
		{errors.New("panic: runtime error\n\ngoroutine 1 [running]:\nFAIL\tinternal/x 0.01s\n"), "", false},
		{fmt.Errorf("go test: %w\n", context.DeadlineExceeded), "", true},
	}
	for _, test := range tests {
		if name, late := killer(test.err); name != test.test || late != test.late {
			t.Errorf("%q: %q, %v", test.err, name, late)
		}
	}
}
