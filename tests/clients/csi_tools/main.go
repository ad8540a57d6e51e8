// Stands between a platform and a storage driver, over real gRPC, and breaks calls as a file says; or registers a driver as
// node-driver-registrar does, with the kubelet's own definition of that protocol.
//
//	csi_tools proxy LISTEN TARGET FAULTS    FAULTS has a line "METHOD KIND [TIMES]" for each fault; it is read again for each call.
//	                                        KIND: before (INTERNAL, nothing was done), lost (done, and the connection breaks),
//	                                        pending (done, ABORTED), hang (done, no answer until the caller gives up)
//	csi_tools register SOCKET NAME ENDPOINT prints each notification
//	csi_tools list SOCKET - -               how many volumes and snapshots the driver has
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// Messages as they are on the wire.
type raw struct{ bytes []byte }
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return v.(*raw).bytes, nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	v.(*raw).bytes = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

type proxy struct {
	target *grpc.ClientConn
	faults string
	mutex  sync.Mutex
	broken map[string]int // times, by line of the file
	open   map[net.Conn]bool
}

// What the file says of this call, if it is still to be broken.
func (p *proxy) fault(method string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	file, err := os.Open(p.faults)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || words[0] != method {
			continue
		}
		times := 1
		if len(words) > 2 {
			times, _ = strconv.Atoi(words[2])
		}
		if p.broken[lines.Text()] < times {
			p.broken[lines.Text()]++
			return words[1]
		}
	}
	return ""
}

func (p *proxy) handle(_ any, stream grpc.ServerStream) error {
	path, _ := grpc.MethodFromServerStream(stream)
	method := path[strings.LastIndex(path, "/")+1:]
	var request, answer raw
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	fault := p.fault(method)
	if fault != "" {
		fmt.Println(method, fault)
	}
	if fault == "before" {
		return status.Error(codes.Internal, "broken on purpose")
	}
	err := p.target.Invoke(context.Background(), path, &request, &answer, grpc.ForceCodec(rawCodec{}))
	switch fault {
	case "pending":
		return status.Error(codes.Aborted, "an operation is pending")
	case "hang":
		<-stream.Context().Done()
		return stream.Context().Err()
	case "lost":
		p.cut()
		return status.Error(codes.Unavailable, "the connection is gone")
	}
	if err != nil {
		return err
	}
	return stream.SendMsg(&answer)
}

// Ends every connection, as a driver that dies does.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for conn := range p.open {
		conn.Close()
		delete(p.open, conn)
	}
}

type listener struct {
	net.Listener
	proxy *proxy
}

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.proxy.mutex.Lock()
		l.proxy.open[conn] = true
		l.proxy.mutex.Unlock()
	}
	return conn, err
}

func listen(path string) net.Listener {
	os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	return l
}

type registrar struct {
	registration.UnimplementedRegistrationServer
	name, endpoint string
}

func (r *registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{Type: registration.CSIPlugin, Name: r.name, Endpoint: r.endpoint, SupportedVersions: []string{"1.0.0"}}, nil
}

func (r *registrar) NotifyRegistrationStatus(_ context.Context, s *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	fmt.Println("registered:", s.PluginRegistered, s.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

func list(socket string) {
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	driver := csi.NewControllerClient(conn)
	volumes, err := driver.ListVolumes(context.Background(), &csi.ListVolumesRequest{})
	if err != nil {
		log.Fatal(err)
	}
	snapshots, err := driver.ListSnapshots(context.Background(), &csi.ListSnapshotsRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("volumes", len(volumes.Entries))
	fmt.Println("snapshots", len(snapshots.Entries))
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("csi_tools proxy LISTEN TARGET FAULTS, register SOCKET NAME ENDPOINT, or list SOCKET - -")
	}
	if os.Args[1] == "list" {
		list(os.Args[2])
		return
	}
	server := grpc.NewServer()
	l := listen(os.Args[2])
	switch os.Args[1] {
	case "proxy":
		target, err := grpc.NewClient("unix:"+os.Args[3], grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			log.Fatal(err)
		}
		p := &proxy{target: target, faults: os.Args[4], broken: map[string]int{}, open: map[net.Conn]bool{}}
		server = grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(p.handle))
		l = listener{l, p}
	case "register":
		registration.RegisterRegistrationServer(server, &registrar{name: os.Args[3], endpoint: os.Args[4]})
	}
	fmt.Println("ready")
	log.Fatal(server.Serve(l))
}
