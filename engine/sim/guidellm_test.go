package sim_test

import (
	"math"
)

// mt19937 is the Mersenne Twister as Python's random.Random(seed) uses it: seeded through
// init_by_array with the one word of a small seed, 53-bit floats from two words each.
// Source: Matsumoto and Nishimura, mt19937ar.c (2002); CPython Modules/_randommodule.c.
type mt19937 struct {
	mt  [624]uint32
	pos int
}

func newMT19937(seed uint32) *mt19937 {
	m := &mt19937{pos: 624}
	mt := &m.mt
	mt[0] = 19650218
	for i := 1; i < 624; i++ {
		mt[i] = 1812433253*(mt[i-1]^mt[i-1]>>30) + uint32(i)
	}
	i := 1
	next := func() {
		if i++; i == 624 {
			mt[0], i = mt[623], 1
		}
	}
	for range 624 { // the key has one word, so its index is always 0
		mt[i] = (mt[i] ^ (mt[i-1]^mt[i-1]>>30)*1664525) + seed
		next()
	}
	for range 623 {
		mt[i] = (mt[i] ^ (mt[i-1]^mt[i-1]>>30)*1566083941) - uint32(i)
		next()
	}
	mt[0] = 1 << 31
	return m
}

func (m *mt19937) uint32() uint32 {
	if m.pos == 624 {
		for i := range 624 {
			y := m.mt[i]&(1<<31) | m.mt[(i+1)%624]&(1<<31-1)
			m.mt[i] = m.mt[(i+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		m.pos = 0
	}
	y := m.mt[m.pos]
	m.pos++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// float64 is Python's Random.random().
func (m *mt19937) float64() float64 {
	a, b := m.uint32()>>5, m.uint32()>>6
	return (float64(a)*(1<<26) + float64(b)) / (1 << 53)
}

// guideLLMArrivals is the schedule of GuideLLM 0.3's "poisson" at a rate in req/s, in ns: floor(rate)
// requests at once, then gaps of Random(42).expovariate(rate). Its mean gap over a thousand is
// 1.054/rate, so that the rate it really offers is 5 % low.
func guideLLMArrivals(rate float64, n int) []int64 {
	r := newMT19937(42)
	at, out := 0.0, make([]int64, 0, n)
	for i := range n {
		if i >= int(math.Floor(rate)) {
			at += -math.Log(1-r.float64()) / rate
		}
		out = append(out, int64(at*1e9))
	}
	return out
}
