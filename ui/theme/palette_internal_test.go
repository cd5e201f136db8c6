package theme

import (
	"strconv"
	"testing"

	"github.com/lucasb-eyer/go-colorful"
)

// The matrices simulate complete colour blindness on linear RGB (Machado, Oliveira, Fernandes: A
// Physiologically-based Model for Simulation of Color Vision Deficiency, 2009, severity 1.0).
var visions = map[string][9]float64{
	"normal": {1, 0, 0, 0, 1, 0, 0, 0, 1},
	"protanopia": {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216,
		-0.003882, -0.048116, 1.051998},
	"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413,
		-0.011820, 0.042940, 0.968881},
	"tritanopia": {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602,
		0.004733, 0.691367, 0.303900},
}

// rgb is a colour of the 256-colour cube or its greys.
func rgb(t *testing.T, index string) colorful.Color {
	t.Helper()
	i, err := strconv.Atoi(index)
	if err != nil || i < 16 || i > 255 {
		t.Fatalf("colour %q is not of the cube: its value differs between terminals", index)
	}
	if i >= 232 {
		g := float64(8+(i-232)*10) / 255
		return colorful.Color{R: g, G: g, B: g}
	}
	level := func(n int) float64 {
		if n == 0 {
			return 0
		}
		return float64(55+40*n) / 255
	}
	i -= 16
	return colorful.Color{R: level(i / 36), G: level(i / 6 % 6), B: level(i % 6)}
}

func seen(c colorful.Color, m [9]float64) colorful.Color {
	r, g, b := c.LinearRgb()
	return colorful.LinearRgb(m[0]*r+m[1]*g+m[2]*b, m[3]*r+m[4]*g+m[5]*b, m[6]*r+m[7]*g+m[8]*b).Clamped()
}

func pickShade(c shade, dark bool) string {
	if dark {
		return c.dark
	}
	return c.light
}

func TestTargetsDifferForEveryKindOfColourVision(t *testing.T) {
	// CIEDE2000 on the scale of 0…1 that go-colorful uses; 0.02 is just noticeable. The first pair
	// is what most runs compare. Four colours with enough contrast on white are at most 0.075 apart
	// in the worst vision; that is what the markers are for.
	const firstPair, least = 0.40, 0.07
	for vision, m := range visions {
		for _, dark := range []bool{true, false} {
			for i := range targetColors {
				for j := range i {
					a := seen(rgb(t, pickShade(targetColors[i], dark)), m)
					b := seen(rgb(t, pickShade(targetColors[j], dark)), m)
					want := least
					if i == 1 && j == 0 {
						want = firstPair
					}
					if d := a.DistanceCIEDE2000(b); d < want {
						t.Errorf("%s, dark %v: targets %d and %d are %.3f apart, want at least %.2f", vision, dark, j, i, d, want)
					}
				}
			}
		}
	}
}

func TestColoursStandOutFromTheirBackground(t *testing.T) {
	// WCAG 2.1, 1.4.11: graphics need a contrast of 3 with what is beside them; text wants 4.5, and
	// dim text is secondary. Frames and grids are decoration.
	text := map[string]shade{"accent": accent, "good": good, "warn": warn, "bad": bad, "slo": slo}
	graphics := map[string]shade{"dim": dim}
	for i, c := range targetColors {
		text["target "+strconv.Itoa(i)] = c
		for j, c := range tints[i] {
			graphics["tint "+strconv.Itoa(i)+strconv.Itoa(j)] = c
		}
	}
	for _, dark := range []bool{true, false} {
		backs := []string{"#000000", "#1e1e1e"}
		if !dark {
			backs = []string{"#ffffff", "#fafafa"}
		}
		for _, back := range backs {
			bg, err := colorful.Hex(back)
			if err != nil {
				t.Fatal(err)
			}
			check := func(group map[string]shade, least float64) {
				for name, c := range group {
					if got := contrast(rgb(t, pickShade(c, dark)), bg); got < least {
						t.Errorf("%s on %s has a contrast of %.2f, want at least %.1f", name, back, got, least)
					}
				}
			}
			check(text, 4.5)
			check(graphics, 3)
		}
	}
}

func contrast(a, b colorful.Color) float64 {
	lum := func(c colorful.Color) float64 {
		r, g, b := c.LinearRgb()
		return 0.2126*r + 0.7152*g + 0.0722*b + 0.05
	}
	x, y := lum(a), lum(b)
	if x < y {
		x, y = y, x
	}
	return x / y
}
