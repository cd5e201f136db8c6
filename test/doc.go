// Package test holds the checks that concern the whole repository: who may import whom, and how
// long a file or a function may be. Its folder e2e drives the built binary against a real API
// server.
package test
