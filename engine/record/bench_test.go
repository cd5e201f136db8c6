package record_test

import (
	"os"
	"path/filepath"
	"testing"

	"benchtop/engine/record"
)

func typicalRequest() record.Request {
	r := record.Request{
		ID: "k3x9-a10-4.1-123", Target: "a10", Step: 4, Try: 1, K: 123, SchedNS: 123_456_789_012, StartNS: 123_456_790_000,
		SentNS: 123_456_900_000, HeadNS: 123_800_000_000, FirstTokenNS: 123_812_345_678, LastTokenNS: 125_812_345_678,
		DoneNS: 125_813_000_000, PromptTokens: 200, OutputTokens: 200, Events: 200, KernelStamps: true, InWindowTokens: 200,
		Status: record.StatusOK, HTTPStatus: 200, Finish: "length", GapsUS: make([]uint32, 199),
	}
	for i := range r.GapsUS {
		r.GapsUS[i] = uint32(20_000 + 37*i%9000)
	}
	return r
}

// Budget: 5 µs and no allocation a request, so that 10,000 req/s cost 5 % of a core.
func BenchmarkAppendRequest(b *testing.B) {
	r := typicalRequest()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = record.AppendRequest(buf[:0], &r)
	}
	b.SetBytes(int64(len(buf)))
}

// Budget: 10 µs a request, so that a million take 10 s.
func BenchmarkRequests(b *testing.B) {
	r := typicalRequest()
	const n = 10_000
	var buf []byte
	for range n {
		buf = record.AppendRequest(buf, &r)
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "requests.jsonl"), buf, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		got := 0
		for _, err := range record.Requests(dir) {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		if got != n {
			b.Fatalf("read %d requests of %d", got, n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/request")
}
