package report

import "math"

// pythonRandom is Python's random.Random(seed) for a seed below 2^32: the Mersenne Twister of
// Matsumoto and Nishimura (1998) seeded by their init_by_array with the one word.
type pythonRandom struct {
	state [624]uint32
	next  int
}

func newPythonRandom(seed uint32) *pythonRandom {
	r := &pythonRandom{}
	r.next = len(r.state)
	s := &r.state
	s[0] = 19650218
	for i := 1; i < len(s); i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + uint32(i)
	}
	mix := func(i int, factor, add uint32) {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*factor) + add
	}
	i := 1
	step := func() {
		if i++; i == len(s) {
			s[0], i = s[len(s)-1], 1
		}
	}
	for range len(s) {
		mix(i, 1664525, seed)
		step()
	}
	for range len(s) - 1 {
		mix(i, 1566083941, -uint32(i))
		step()
	}
	s[0] = 1 << 31
	return r
}

func (r *pythonRandom) word() uint32 {
	s := &r.state
	if r.next == len(s) {
		for i := range s {
			y := s[i]&(1<<31) | s[(i+1)%len(s)]&(1<<31-1)
			s[i] = s[(i+397)%len(s)] ^ y>>1 ^ y&1*0x9908b0df
		}
		r.next = 0
	}
	y := s[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// float is Random.random(): 53 bits in [0, 1).
func (r *pythonRandom) float() float64 {
	a, b := r.word()>>5, r.word()>>6
	return (float64(a)*(1<<26) + float64(b)) / (1 << 53)
}

// guideSpan is when GuideLLM 0.3 sends the last of n requests, in s after the first: floor(rate)
// at once, if it starts with a burst, then exponential gaps. Its offered rate, n - 1 over that time,
// is not the rate it was asked for: with seed 42 the mean of the first 1,000 gaps is 1.054 / rate.
func guideSpan(n int, rate float64, seed uint32, burst bool) float64 {
	r := newPythonRandom(seed)
	at := 0.0
	first := 1
	if burst {
		first = max(int(rate), 1)
	}
	for range n - first {
		at += -math.Log(1-r.float()) / rate
	}
	return at
}
