package verdict

import "benchtop/engine/stats"

// slots sorts gaps by when their request was scheduled: consecutive parts of the window, all
// equally long, for the interval of ITL percentiles by batch means.
//
// How long the window will be is not known while it may still be cut. So a slot begins as
// firstSlotNS and doubles, two becoming one, whenever the last is full: the result depends on the
// latest schedule alone, not on the order of the requests.
type slots struct {
	hists [maxSlots]*stats.Hist
	width int64 // ns
}

const (
	maxSlots    = 32
	firstSlotNS = 250_000_000
)

// at is the slot of an instant in ns after the window's start.
func (s *slots) at(ns int64) *stats.Hist {
	ns = max(ns, 0)
	s.width = max(s.width, firstSlotNS)
	for ns/s.width >= maxSlots {
		s.double()
	}
	h := &s.hists[ns/s.width]
	if *h == nil {
		*h = new(stats.Hist)
	}
	return *h
}

func (s *slots) double() {
	s.width *= 2
	for i := range maxSlots {
		h := s.hists[i]
		if i%2 == 0 {
			s.hists[i/2] = h
			continue
		}
		switch into := s.hists[i/2]; {
		case h == nil:
		case into == nil:
			s.hists[i/2] = h
		default:
			into.Merge(h)
		}
	}
	clear(s.hists[maxSlots/2:])
}
