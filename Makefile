.DEFAULT_GOAL := help
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test lint bench screenshots e2e check help

build: ## build bin/benchtop
	go build -o bin/benchtop ./cmd/benchtop

test: ## run all tests
	go test ./...

lint: ## format, vet, staticcheck, import directions, sizes
	@files=$$(gofmt -l .); test -z "$$files" || { echo "gofmt changes: $$files"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go test -count=1 ./test

bench: ## run the benchmarks, with allocations, and measure this machine's own errors
	go test -run '^$$' -bench . -benchmem ./...
	go run ./cmd/benchtop selfcheck

screenshots: ## draw docs/*.svg anew
	go test -count=1 ./ui -run 'TestPictures|TestAnimation' -update

e2e: ## drive the built binary against the cluster that KUBECONFIG names
	@test -n "$$KUBECONFIG" || { echo "set KUBECONFIG to a cluster made for tests; see docs/testing.md"; exit 2; }
	go test -count=1 -tags e2e ./test/e2e

check: ## what CI runs
	.ci/run

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
