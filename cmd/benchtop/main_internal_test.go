package main

import (
	"os"
	"testing"
)

// asProgram makes the test binary be the program, so that tests can start, kill and watch the real
// thing in a process of its own without building it again.
const asProgram = "BENCHTOP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}
