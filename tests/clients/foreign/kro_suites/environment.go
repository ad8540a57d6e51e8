// Package environment takes the place of the package of that name in kro's integration suite: where kro's starts an API server with
// kro's controllers beside it, this one starts a platform that does the work of both. The suite is compiled with it by `go build
// -overlay`; nothing else of the suite is changed.
//
// PLINTH names the program.
package environment

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	internalv1alpha1 "github.com/kubernetes-sigs/kro/api/internal.kro.run/v1alpha1"
	krov1alpha1 "github.com/kubernetes-sigs/kro/api/v1alpha1"
	kroclient "github.com/kubernetes-sigs/kro/pkg/client"
	ctrlinstance "github.com/kubernetes-sigs/kro/pkg/controller/instance"
)

// readyTime bounds the start of a platform, stopTime its end; a real one needs a small part of either.
const (
	readyTime = 60 * time.Second
	stopTime  = 30 * time.Second
)

// Environment is what specs use: a client, and the platform behind it.
type Environment struct {
	Client      client.Client
	ClientSet   *kroclient.Set
	CtrlManager reader

	config  ControllerConfig
	folder  string
	address string
	process *exec.Cmd
}

// reader is the one thing that specs ask kro's manager for.
type reader struct{ client.Reader }

func (r reader) GetAPIReader() client.Reader { return r.Reader }

// ControllerConfig has the fields that specs set. A platform has the first and the number of revisions.
type ControllerConfig struct {
	AllowCRDDeletion  bool
	ReconcileConfig   ctrlinstance.ReconcileConfig
	MaxGraphRevisions int
	LogWriter         io.Writer
}

func init() { rest.SetDefaultWarningHandler(rest.NoWarnings{}) }

// New starts a platform in a temporary folder and installs the kinds that specs compose. The context is not looked at: Stop ends it.
func New(_ context.Context, config ControllerConfig) (*Environment, error) {
	folder, err := os.MkdirTemp("", "plinth-kro-")
	if err != nil {
		return nil, err
	}
	e := &Environment{config: config, folder: folder, address: "127.0.0.1:0"}
	if err := e.boot(); err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	_, err = envtest.InstallCRDs(e.ClientSet.RESTConfig(), envtest.CRDInstallOptions{
		ErrorIfPathMissing: true,
		Paths: []string{
			filepath.Join("..", "..", "crds", "ack-ec2-controller"),
			filepath.Join("..", "..", "crds", "ack-iam-controller"),
			filepath.Join("..", "..", "crds", "ack-eks-controller"),
		},
	})
	if err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	return e, nil
}

// NewShared connects to the platform of another process of the suite.
func NewShared(_ context.Context, config *rest.Config) (*Environment, error) {
	e := &Environment{}
	return e, e.connect(config)
}

func (e *Environment) boot() error {
	if err := e.start(); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(e.folder, "kubeconfig"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 1000, 1000
	if e.Client != nil {
		return nil
	}
	return e.connect(config)
}

func (e *Environment) connect(config *rest.Config) error {
	for _, add := range []error{internalv1alpha1.AddToScheme(scheme.Scheme), krov1alpha1.AddToScheme(scheme.Scheme)} {
		if add != nil {
			return add
		}
	}
	var err error
	if e.ClientSet, err = kroclient.NewSet(kroclient.Config{RestConfig: config}); err != nil {
		return err
	}
	e.Client, err = client.New(e.ClientSet.RESTConfig(), client.Options{Scheme: scheme.Scheme})
	e.CtrlManager = reader{e.Client}
	return err
}

func (e *Environment) start() error {
	options := []string{"up", "--data-dir", filepath.Join(e.folder, "data"), "--api", e.address, "--node", "none",
		"--write-kubeconfig", filepath.Join(e.folder, "kubeconfig")}
	if e.config.AllowCRDDeletion {
		options = append(options, "--allow-crd-deletion")
	}
	if e.config.MaxGraphRevisions > 0 {
		options = append(options, "--graph-revisions", strconv.Itoa(e.config.MaxGraphRevisions))
	}
	e.process = exec.Command(os.Getenv("PLINTH"), options...)
	e.process.Stderr = os.Stderr
	output, err := e.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.process.Start(); err != nil {
		return err
	}
	ready := make(chan string, 1)
	go func() {
		lines, address := bufio.NewScanner(output), ""
		for lines.Scan() {
			if found, ok := strings.CutPrefix(lines.Text(), "API "); ok {
				address = strings.TrimPrefix(strings.TrimSpace(found), "https://")
			}
			if strings.HasPrefix(lines.Text(), "ready") {
				ready <- address
			}
		}
		close(ready)
	}()
	select {
	case address, ok := <-ready:
		if !ok {
			return fmt.Errorf("the platform did not start")
		}
		e.address = address
		return nil
	case <-time.After(readyTime):
		return fmt.Errorf("the platform was not ready within %v", readyTime)
	}
}

// RestartControllers kills the platform, the API server with its controllers, and starts it again at the same address.
func (e *Environment) RestartControllers() error {
	_ = e.process.Process.Kill()
	_ = e.process.Wait()
	return e.boot()
}

// Stop ends the platform with SIGTERM, and fails when that does not end it in time and in order.
func (e *Environment) Stop() error {
	if e == nil || e.process == nil || e.process.Process == nil {
		return nil
	}
	process := e.process
	e.process = nil
	defer os.RemoveAll(e.folder)
	ended := make(chan error, 1)
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	go func() { ended <- process.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(stopTime):
		_ = process.Process.Kill()
		return fmt.Errorf("SIGTERM did not end the platform within %v", stopTime)
	}
}
