package stats

import "math"

// Trend is the least-squares line through (x, y): its slope in y per x and the t value of the slope,
// slope / standard error with n−2 degrees of freedom (Draper and Smith, Applied Regression Analysis,
// 1.3). Fewer than three points or no spread in x give 0, 0; a perfect line has an infinite t.
func Trend(x, y []float64) (slope, t float64) {
	n := float64(min(len(x), len(y)))
	if n < 3 {
		return 0, 0
	}
	x, y = x[:int(n)], y[:int(n)]
	mx, my := mean(x), mean(y)
	var sxx, sxy float64
	for i := range x {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	if sxx == 0 {
		return 0, 0
	}
	slope = sxy / sxx
	var rss float64
	for i := range x {
		e := y[i] - my - slope*(x[i]-mx)
		rss += e * e
	}
	if slope == 0 {
		return 0, 0
	}
	return slope, slope / math.Sqrt(rss/(n-2)/sxx)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
