package clients

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Two candidates, one Lease: one leads; when it lets go the other does; when that one dies silently, the lease runs out and a third leads.
func TestLeaderElection(t *testing.T) {
	ns, client := namespace(t), typed(t)
	var leading atomic.Int32
	campaign := func(ctx context.Context, name string, release bool, started chan<- string) {
		lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Namespace: ns, Name: "lead"}, Client: client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name}}
		go leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{Lock: lock, ReleaseOnCancel: release,
			LeaseDuration: 1500 * time.Millisecond, RenewDeadline: time.Second, RetryPeriod: 100 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) {
					leading.Add(1)
					started <- name
				},
				OnStoppedLeading: func() {},
			}})
	}
	started := make(chan string, 3)
	oneContext, endOne := context.WithCancel(background(t))
	twoContext, endTwo := context.WithCancel(background(t))
	campaign(oneContext, "one", true, started)
	equal(t, "first leader", receive(t, "first leader", started), "one")
	campaign(twoContext, "two", false, started)
	holder := func() string {
		lease, err := client.CoordinationV1().Leases(ns).Get(background(t), "lead", metav1.GetOptions{})
		if err != nil || lease.Spec.HolderIdentity == nil {
			return ""
		}
		return *lease.Spec.HolderIdentity
	}
	equal(t, "holder", holder(), "one")
	equal(t, "leaders so far", leading.Load(), 1)
	endOne()
	equal(t, "leader after the release", receive(t, "second leader", started), "two")
	endTwo()
	campaign(background(t), "three", true, started)
	equal(t, "leader after the silence", receive(t, "third leader", started), "three")
	lease := must(client.CoordinationV1().Leases(ns).Get(background(t), "lead", metav1.GetOptions{}))(t)
	if *lease.Spec.LeaseTransitions < 2 || lease.Spec.RenewTime.IsZero() {
		t.Errorf("lease: %+v", lease.Spec)
	}
}
