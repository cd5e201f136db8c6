// Package sku says what hardware is behind a cloud instance type or a node's labels, and what it
// costs.
//
// It answers three questions, each from a dated or a named source, and says "unknown" rather than
// guess:
//
//	s, ok := sku.Lookup("Standard_NC24ads_A100_v4")      // 1 × A100, 80 GiB, from the table
//	s := sku.OfNode(labels, capacity)                    // what the node itself says, table first
//	p := book.Price(sku.Query{Instance: …, Region: …})   // USD per hour of one machine
//
// Units: GiB per GPU, GPUs per machine, USD per hour of one machine. The built-in price list holds
// on-demand Linux prices only; a price for one region is never used for another, and a spot machine
// has no list price. Pure: no clock, no network; imports kube/inventory.
package sku

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"benchtop/kube/inventory"
)

//go:embed hardware.txt
var hardwareText string

// hardware is one row of the table.
type hardware struct {
	name  string // canonical spelling
	gpu   string
	count int
	gib   float64 // per GPU
}

// table maps a lower-case instance type, aliases included, to its row.
var table = sync.OnceValue(func() map[string]hardware {
	m, err := parseHardware(hardwareText)
	if err != nil {
		panic("kube/sku: built-in table: " + err.Error()) // a test reads every row
	}
	return m
})

func parseHardware(text string) (map[string]hardware, error) {
	m := map[string]hardware{}
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) < 5 {
			return nil, fmt.Errorf("line %d: want cloud, GPU, count, GiB, types", i+1)
		}
		n, err1 := strconv.Atoi(f[2])
		gib, err2 := strconv.ParseFloat(f[3], 64)
		if err1 != nil || err2 != nil || n < 1 || gib <= 0 {
			return nil, fmt.Errorf("line %d: bad count or memory", i+1)
		}
		for _, names := range f[4:] {
			first, _, _ := strings.Cut(names, "=")
			for alias := range strings.SplitSeq(names, "=") {
				m[strings.ToLower(alias)] = hardware{name: first, gpu: f[1], count: n, gib: gib}
			}
		}
	}
	return m, nil
}

// Lookup finds an instance type in the table. Case does not matter, and other spellings of one type
// (Azure's Standard_ND96asr_v4 is Kaito's Standard_ND96asr_A100_v4) give the same hardware.
// InstanceType keeps the spelling asked for.
func Lookup(instance string) (inventory.SKU, bool) {
	h, ok := table()[strings.ToLower(strings.TrimSpace(instance))]
	if !ok {
		return inventory.SKU{InstanceType: instance}, false
	}
	return inventory.SKU{InstanceType: instance, GPU: h.gpu, Count: h.count, MemoryGiB: h.gib, Source: "table"}, true
}

// canonical is the key under which prices of an instance type are kept: lower case, aliases folded.
func canonical(instance string) string {
	k := strings.ToLower(strings.TrimSpace(instance))
	if h, ok := table()[k]; ok {
		return strings.ToLower(h.name)
	}
	return k
}
