// Package test holds the checks that concern the whole repository: who may import whom, and how
// long a file or a function may be. Its folder term drives the built binary on a terminal, e2e against
// a real API server.
package test
