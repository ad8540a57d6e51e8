package clients

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

func TestEventRecorders(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	about := must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap("about", nil), metav1.CreateOptions{}))(t)
	old := record.NewBroadcaster()
	defer old.Shutdown()
	old.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	recorder := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "old"})
	for range 3 {
		recorder.Event(about, corev1.EventTypeNormal, "Old", "the same again")
	}
	found := func(reason string) *corev1.Event {
		list := must(client.CoreV1().Events(ns).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + reason + ",involvedObject.name=about"}))(t)
		if len(list.Items) != 1 {
			return nil
		}
		return &list.Items[0]
	}
	eventually(t, "the old recorder counts to three", func() bool { e := found("Old"); return e != nil && e.Count == 3 })
	current := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	defer current.Shutdown()
	check(t, current.StartRecordingToSinkWithContext(ctx))
	newer := current.NewRecorder(scheme.Scheme, "example.com/new")
	again := func() { newer.Eventf(about, nil, corev1.EventTypeWarning, "New", "Testing", "note %d", 1) }
	again()
	eventually(t, "the new recorder's event is seen through the old API", func() bool {
		e := found("New")
		return e != nil && e.Message == "note 1" && e.ReportingController == "example.com/new"
	})
	through := must(client.EventsV1().Events(ns).List(ctx, metav1.ListOptions{}))(t)
	for _, e := range through.Items {
		if e.Reason == "Old" {
			equal(t, "note", e.Note, "the same again")
			equal(t, "regarding", e.Regarding.Name, "about")
			equal(t, "deprecated count", e.DeprecatedCount, 3)
		}
	}
	// The series of the new API is a patch.
	again()
	eventually(t, "the series is written", func() bool { e := found("New"); return e != nil && e.Series != nil && e.Series.Count == 2 })
}
