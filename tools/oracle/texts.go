package main

import (
	"encoding/json"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

func failed(err error) answer {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		s := status.Status()
		out := &apiError{Code: int(s.Code), Message: s.Message}
		if s.Details != nil {
			for _, c := range s.Details.Causes {
				out.Causes = append(out.Causes, cause{c.Message, c.Field})
			}
		}
		return answer{Error: out}
	}
	return answer{Error: &apiError{Code: 500, Message: err.Error()}}
}

type textRequest struct {
	Check string `json:"check"`
	Text  string `json:"text"`
}

func labelSelector(line []byte) answer {
	var r textRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	s, err := labels.Parse(r.Text)
	if err != nil {
		return failed(err)
	}
	return answer{Result: s.String()}
}

func fieldSelector(line []byte) answer {
	var r textRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	s, err := fields.ParseSelector(r.Text)
	if err != nil {
		return failed(err)
	}
	return answer{Result: s.String()}
}

func name(line []byte) answer {
	var r textRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	checks := map[string]func(string) []string{
		"label":        validation.IsDNS1123Label,
		"subdomain":    validation.IsDNS1123Subdomain,
		"label1035":    validation.IsDNS1035Label,
		"wildcard":     validation.IsWildcardDNS1123Subdomain,
		"label_key":    content.IsLabelKey,
		"label_value":  content.IsLabelValue,
		"path_segment": content.IsPathSegmentName,
		"identifier":   content.IsCIdentifier,
	}
	out := checks[r.Check](r.Text)
	if out == nil {
		out = []string{}
	}
	return answer{Result: out}
}
