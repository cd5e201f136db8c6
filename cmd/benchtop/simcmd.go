package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"benchtop/engine/sim"

	"github.com/spf13/cobra"
)

const simHelp = `Serve a simulated vLLM on this machine: continuous batching with the latencies of phi-4-mini-instruct
on one A10 or one A100, fitted to published runs. It queues and saturates as the real one does.

The base URL goes to stdout when the server answers. It ends with Ctrl-C.

--fault makes some replies go wrong: KIND[,SETTING=VALUE…]
  status, html, cut, stall, garbage, error-event, wrong-usage, no-usage, slow
  every=N  first=N  probability=0.1  after=TOKENS  status=CODE  delay=50ms`

// simFlags are the settings of one simulated server.
type simFlags struct {
	profile, listen string
	noPath          bool
	faults          []string
	keyEnv          string
	cfg             sim.Config
}

func (c *cli) simCommand() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Serve a simulated vLLM, to try benchtop without a GPU",
		Long:  simHelp,
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config(c.env)
			if err != nil {
				return usage(err)
			}
			return c.serveSim(cmd.Context(), f.listen, cfg)
		},
	}
	set := cmd.Flags()
	set.StringVar(&f.profile, "profile", "a10", "GPU to simulate: a10 or a100")
	set.StringVar(&f.listen, "listen", "127.0.0.1:8000", "address to serve on; port 0 takes a free one")
	set.BoolVar(&f.noPath, "no-path", false, "leave out the simulated network path (about 0.3 s of TTFT)")
	set.StringArrayVar(&f.faults, "fault", nil, "make some replies go wrong, like cut,every=10,after=20 (may be repeated)")
	set.StringVar(&f.keyEnv, "api-key-env", "", "ask for the API key that this environment variable holds")
	set.StringVar(&f.cfg.Model, "model", "", "served model name (default: the profile's)")
	set.IntVar(&f.cfg.MaxNumSeqs, "max-num-seqs", 0, "most sequences that run at once (default 256)")
	set.IntVar(&f.cfg.KVBlocks, "kv-blocks", 0, "KV cache in blocks of 16 tokens (default: the profile's)")
	set.BoolVar(&f.cfg.RateLimit, "rate-limit", false, "answer 429 while too many requests wait, as Kaito does")
	set.Uint64Var(&f.cfg.Seed, "seed", 0, "seed of the generated text and of random faults")
	return cmd
}

func (f *simFlags) config(env func(string) string) (sim.Config, error) {
	cfg := f.cfg
	p, err := sim.ProfileByName(f.profile)
	if err != nil {
		return cfg, prefix("--profile", err)
	}
	cfg.Profile, cfg.Path = p, !f.noPath
	var errs []error
	for _, text := range f.faults {
		fault, err := sim.ParseFault(text)
		errs = append(errs, prefix("--fault", err))
		cfg.Faults = append(cfg.Faults, fault)
	}
	if f.keyEnv != "" {
		cfg.APIKey, err = readAPIKey(env, f.keyEnv, "")
		errs = append(errs, err)
	}
	return cfg, errors.Join(errs...)
}

// plainNet is what the system said, without the operation and addresses that net puts around it.
func plainNet(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		err = op.Err
	}
	if sys := (*os.SyscallError)(nil); errors.As(err, &sys) {
		err = sys.Err
	}
	return err
}

// serveSim serves until ctx ends.
func (c *cli) serveSim(ctx context.Context, listen string, cfg sim.Config) error {
	srv, err := sim.New(cfg)
	if err != nil {
		return usage(err)
	}
	defer srv.Close()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("serve on %q (--listen): %w; give another address", listen, plainNet(err))
	}
	fmt.Fprintf(c.out, "http://%s\n", l.Addr())
	fmt.Fprintf(c.errw, "simulated %s serving %s; measure it with: %s run sim=http://%s\n",
		cfg.Profile.GPU, cmp.Or(cfg.Model, cfg.Profile.Model), c.self, l.Addr())
	return srv.Serve(ctx, l)
}
