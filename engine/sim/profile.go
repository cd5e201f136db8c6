package sim

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// StepModel is the time of one engine step, in ms:
//
//	step = BaseMS + SeqMS · n + PrefillMS · p
//
// with n sequences in the batch (running and newly admitted) and p prompt tokens computed in it.
// BaseMS is reading the weights once, SeqMS what one more sequence costs (attention, sampling, and
// the Python side), PrefillMS what one prompt token costs.
type StepModel struct {
	BaseMS, SeqMS, PrefillMS float64
}

func (m StepModel) stepNS(seqs, prefill int) int64 {
	return int64((m.BaseMS + m.SeqMS*float64(seqs) + m.PrefillMS*float64(prefill)) * 1e6)
}

func (m StepModel) validate() error {
	for _, v := range []float64{m.BaseMS, m.SeqMS, m.PrefillMS} {
		if math.IsNaN(v) || v < 0 || v > 60_000 {
			return fmt.Errorf("the parts of a step's time must be between 0 and 60,000 ms, but are %v, %v, %v",
				m.BaseMS, m.SeqMS, m.PrefillMS)
		}
	}
	if m.BaseMS == 0 {
		return fmt.Errorf("the base of a step's time must be above 0 ms")
	}
	return nil
}

// Profile is a GPU serving a model, as fitted to published runs.
type Profile struct {
	Name  string // "a10"
	GPU   string // "A10"
	Model string // served model name
	Root  string // what the server was told to load
	Step  StepModel
	// Path is the constant part of the published TTFT: the network between client and server, which
	// has nothing to do with the GPU.
	Path        time.Duration
	KVBlocks    int // of BlockSize tokens
	MaxModelLen int // tokens of prompt and output together
}

// Profiles lists the built-in profiles: phi-4-mini-instruct on one A10 and on one A100 (80 GB).
//
// The KV cache is what Kaito's memory share (0.82 of 24 GB, 0.84 of 80 GB) leaves beside 7.15 GiB of
// weights and the activations, at 2 MiB a block (32 layers × 8 heads × 128 × K and V × 2 bytes × 16
// tokens).
func Profiles() []Profile {
	return []Profile{
		{
			Name: "a10", GPU: "A10",
			Model: "phi-4-mini-instruct", Root: "microsoft/phi-4-mini-instruct",
			Step:     StepModel{BaseMS: 16.82, SeqMS: 0.3373, PrefillMS: 0.1422},
			Path:     333800 * time.Microsecond,
			KVBlocks: 5450, MaxModelLen: 5450 * BlockSize,
		},
		{
			Name: "a100", GPU: "A100",
			Model: "phi-4-mini-instruct", Root: "microsoft/phi-4-mini-instruct",
			Step:     StepModel{BaseMS: 7.083, SeqMS: 0.0919, PrefillMS: 0.0311},
			Path:     277600 * time.Microsecond,
			KVBlocks: 29700, MaxModelLen: 131072,
		},
	}
}

// ProfileByName finds a built-in profile; case does not matter.
func ProfileByName(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if strings.EqualFold(p.Name, name) {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("no simulated GPU is called %q: choose %s", name, strings.Join(names, " or "))
}
