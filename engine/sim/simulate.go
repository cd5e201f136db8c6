package sim

// Reply is what one request of Simulate came to, in ns of virtual time.
type Reply struct {
	ArrivedNS   int64 // at the engine
	StartedNS   int64 // admitted to the running set
	FirstNS     int64 // first token
	LastNS      int64 // last token
	Preemptions int
}

// Simulate sends requests of the same size to an idle engine at the given times (ns, ascending) and
// returns when each got its tokens. It runs in virtual time: a thousand requests take milliseconds.
func Simulate(model StepModel, limits Limits, arrivalsNS []int64, promptTokens, outputTokens int) ([]Reply, error) {
	e, err := NewEngine(model, limits)
	if err != nil {
		return nil, err
	}
	seqs := make([]Seq, len(arrivalsNS))
	for i, at := range arrivalsNS {
		seqs[i] = Seq{Prompt: promptTokens, Max: outputTokens, ArrivedNS: at}
		if err := e.Add(&seqs[i]); err != nil {
			return nil, err
		}
	}
	for end, ok := e.Begin(0); ok; end, ok = e.Begin(end) {
		e.End()
	}
	out := make([]Reply, len(seqs))
	for i := range seqs {
		s := &seqs[i]
		out[i] = Reply{ArrivedNS: s.ArrivedNS, StartedNS: s.StartedNS, FirstNS: s.FirstNS, LastNS: s.LastNS, Preemptions: s.Preemptions}
	}
	return out, nil
}
