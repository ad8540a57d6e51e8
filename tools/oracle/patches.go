package main

import (
	"encoding/json"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

type patchRequest struct {
	Group   string          `json:"group"`
	Version string          `json:"version"`
	Kind    string          `json:"kind"`
	Live    json.RawMessage `json:"live"`
	Patch   json.RawMessage `json:"patch"`
}

// The order and the error classes are those of apiserver's patch handler, which keeps the text of a failed operation to itself.
func jsonPatch(line []byte) answer {
	var r patchRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	patch, err := jsonpatch.DecodePatch(r.Patch)
	if err != nil {
		return failed(apierrors.NewBadRequest(err.Error()))
	}
	out, err := patch.Apply(r.Live)
	if err != nil {
		return answer{Error: &apiError{Code: 422, Message: err.Error()}}
	}
	return answer{Result: json.RawMessage(out)}
}

func mergePatch(line []byte) answer {
	var r patchRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	out, err := jsonpatch.MergePatch(r.Live, r.Patch)
	if err == jsonpatch.ErrBadJSONPatch {
		return failed(apierrors.NewBadRequest(err.Error()))
	}
	if err != nil {
		return failed(err)
	}
	return answer{Result: json.RawMessage(out)}
}

func strategicMergePatch(line []byte) answer {
	var r patchRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	object, err := scheme.Scheme.New(schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind})
	if err != nil {
		return failed(err)
	}
	live, patch := map[string]any{}, map[string]any{}
	if err := utiljson.Unmarshal(r.Live, &live); err != nil {
		return failed(err)
	}
	if err := utiljson.Unmarshal(r.Patch, &patch); err != nil {
		return failed(err)
	}
	out, err := strategicpatch.StrategicMergeMapPatch(live, patch, object)
	switch err {
	case nil:
		return answer{Result: out}
	case mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat:
		return failed(apierrors.NewBadRequest(err.Error()))
	case mergepatch.ErrNoListOfLists, mergepatch.ErrPatchContentNotMatchRetainKeys:
		return answer{Error: &apiError{Code: 422, Message: err.Error()}}
	default:
		return failed(err)
	}
}
