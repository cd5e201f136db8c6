package engine

import (
	"context"
	"fmt"
	"net/http"

	"benchtop/engine/openai"
	"benchtop/engine/prompt"
)

// promptMaker makes prompts of the length asked for, in the richest form that the server takes.
type promptMaker struct {
	vocab prompt.Vocab   // token ids; exact by construction
	lex   prompt.Lexicon // else text: words of one token each, as far as known
	calib prompt.Calibration
	words int // of a text prompt
	exact bool
}

// tokenizeWords is how much text is sent to /tokenize to harvest token ids from.
const tokenizeWords = 600

// maxCalibration bounds the requests that find out how many words make the prompt.
const maxCalibration = 6

// makePrompts finds out how prompts of exactly so many tokens are made: from token ids where the
// server has /tokenize and the route takes ids, else from words, calibrated against its own count.
func (x *runner) makePrompts(ctx context.Context) error {
	x.prompts = promptMaker{lex: prompt.Everyday()}
	x.doing("finding out how to make prompts of an exact length")
	if x.endpoint == openai.Completions {
		if ids, err := x.tokenize(ctx, prompt.Words(x.run.plan.Seed, tokenizeWords)); err == nil {
			if v, err := prompt.NewVocab(ids); err == nil {
				x.prompts.vocab = v
				x.info.PromptMode = "token-ids"
				return nil
			}
		}
	}
	x.info.PromptMode = "text"
	x.singleTokens(ctx)
	return x.calibrate(ctx)
}

// tokenize asks the server's own tokenizer.
func (x *runner) tokenize(ctx context.Context, text string) (ids []int, err error) {
	r, err := x.post(ctx, "/tokenize", openai.AppendTokenize(nil, x.model, text, false))
	if err != nil {
		return nil, err
	}
	if r.Status != http.StatusOK {
		return nil, fmt.Errorf("POST /tokenize: status %d", r.Status)
	}
	return openai.ParseTokenize(r.Body)
}

// singleTokens keeps the words that are one token each, at the start of a text and within it, where
// the server can tell.
func (x *runner) singleTokens(ctx context.Context) {
	lex := x.prompts.lex
	for _, lead := range []string{prompt.AtStart, prompt.InMiddle} {
		ids, err := x.tokenize(ctx, lex.Probe(lead))
		if err != nil {
			return
		}
		if lex, err = lex.Singles(ids); err != nil {
			return
		}
	}
	x.prompts.lex = lex
}

// calibrate measures how many words make the prompt, template included, by the server's own count.
func (x *runner) calibrate(ctx context.Context) error {
	want := x.run.plan.Workload.PromptTokens
	p := &x.prompts
	p.words = want
	for i := range maxCalibration {
		if i == 1 && p.words == want { // a second length, to tell the constant from the slope
			p.words = max(1, want*3/4)
		}
		n, err := x.countPrompt(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the server does not report usage.prompt_tokens: the length of prompts cannot be checked")
		}
		p.calib.Observe(p.words, n)
		if n == want && i > 0 {
			break
		}
		words, exact := p.calib.Words(want)
		if words == 0 && i > 0 {
			overhead, _ := p.calib.Overhead()
			return fmt.Errorf("a prompt of %d tokens cannot be made: the chat template alone takes %d; ask for more with --prompt-tokens", want, overhead)
		}
		if words > 0 {
			p.words, p.exact = words, exact
		}
	}
	p.words, p.exact = p.calib.Words(want)
	if !p.exact {
		x.run.event(x, 1, "prompts are text, not token ids: their length is right on average only")
	}
	return nil
}

// countPrompt sends a prompt of p.words words for one token and returns the server's count of it.
func (x *runner) countPrompt(ctx context.Context) (int, error) {
	x.probes++
	req := x.request(x.probeKey(), 1)
	req.Stream, req.Options = false, openai.NoUsage
	what := "POST " + x.endpoint.Path()
	limited, cancel := context.WithTimeout(ctx, probeLimit(1))
	defer cancel()
	r, err := x.client.PostJSON(limited, x.endpoint.Path(), req.AppendBody(nil))
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case limited.Err() != nil:
		return 0, fmt.Errorf("%s: a reply of one token was not there after %s; is the server overloaded? see its log", what, probeLimit(1))
	case err != nil:
		return 0, fmt.Errorf("%s: %w%s", what, err, remedy(err))
	case r.Status != http.StatusOK:
		return 0, x.refused(what, r)
	}
	n, err := openai.ParsePromptTokens(r.Body)
	if err != nil {
		return 0, fmt.Errorf("%s: %w; is this an OpenAI-compatible server?", what, err)
	}
	return n, nil
}

func (x *runner) probeKey() prompt.Key {
	return prompt.Key{Seed: x.run.plan.Seed, Run: x.run.id, Target: x.info.Name, Step: -1, Try: x.probes}
}

// request is one request of the load but for its rendering.
func (x *runner) request(key prompt.Key, output int) openai.Request {
	p := &x.prompts
	r := openai.Request{
		Model: x.model, Endpoint: x.endpoint, MaxTokens: output,
		Options: x.options, IgnoreEOS: true, Stream: true,
	}
	if p.vocab.Len() > 0 {
		r.PromptIDs = p.vocab.AppendIDs(nil, key, x.run.plan.Workload.PromptTokens)
	} else {
		r.PromptText = p.lex.Text(key, p.words)
	}
	return r
}

func (x *runner) appendBody(dst []byte, key prompt.Key, output int) []byte {
	r := x.request(key, output)
	return r.AppendBody(dst)
}
