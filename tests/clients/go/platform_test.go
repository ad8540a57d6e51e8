package clients

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// platform is a process of the test's own, with a data directory that outlives it.
type platform struct {
	folder, address string
	process         *exec.Cmd
}

func (p *platform) kubeconfig() string { return filepath.Join(p.folder, "kubeconfig") }

func (p *platform) start(t *testing.T) {
	t.Helper()
	p.process = exec.CommandContext(context.Background(), os.Getenv("PLINTH"), "up", "--data-dir", filepath.Join(p.folder, "data"), "--api", p.address,
		"--node", "none", "--write-kubeconfig", p.kubeconfig())
	output := must(p.process.StdoutPipe())(t)
	check(t, p.process.Start())
	ready := make(chan bool, 1)
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "ready") {
				ready <- true
			}
		}
	}()
	receive(t, "the platform", ready)
	p.address = strings.TrimPrefix(p.config(t).Host, "https://")
}

func (p *platform) config(t *testing.T) *rest.Config {
	t.Helper()
	config := must(clientcmd.BuildConfigFromFlags("", p.kubeconfig()))(t)
	config.QPS, config.Burst = 1000, 1000
	return config
}

func (p *platform) kill() {
	_ = p.process.Process.Signal(syscall.SIGKILL)
	_ = p.process.Wait()
}

// ownPlatform starts one that ends with the test.
func ownPlatform(t *testing.T) *platform {
	t.Helper()
	if os.Getenv("PLINTH") == "" {
		t.Skip("PLINTH names no program")
	}
	p := &platform{folder: t.TempDir(), address: "127.0.0.1:0"}
	p.start(t)
	t.Cleanup(p.kill)
	return p
}
