// Command oracle answers, with upstream's own code, the questions that the differential tests ask: one JSON object a line in,
// one a line out. It serves tests only.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// A request names an operation; what else it holds is the operation's business.
type request struct {
	Op string `json:"op"`
}

// An answer holds a result or an error, as an API server would report it.
type answer struct {
	Result any       `json:"result,omitempty"`
	Error  *apiError `json:"error,omitempty"`
}

type apiError struct {
	Code    int     `json:"code"`
	Message string  `json:"message"`
	Causes  []cause `json:"causes,omitempty"`
}

type cause struct {
	Message string `json:"message"`
	Field   string `json:"field"`
}

var operations = map[string]func(line []byte) answer{
	"label_selector": labelSelector,
	"field_selector": fieldSelector,
	"name":           name,
	"field_sets":     fieldSets,
	"json_patch":     jsonPatch,
	"merge_patch":    mergePatch,
	"smp":            strategicMergePatch,
	"apply":          apply,
	"update":         update,
}

func serve(line []byte) (out answer) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	operation, ok := operations[r.Op]
	if !ok {
		return failed(fmt.Errorf("unknown op %q", r.Op))
	}
	// Upstream's patch code panics on some inputs that a server's HTTP layer recovers from.
	defer func() {
		if p := recover(); p != nil {
			out = answer{Error: &apiError{Code: 500, Message: fmt.Sprintf("panic: %v", p)}}
		}
	}()
	return operation(line)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			b, err := json.Marshal(serve(line))
			if err != nil {
				b, _ = json.Marshal(failed(err))
			}
			out.Write(b)
			out.WriteByte('\n')
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}
