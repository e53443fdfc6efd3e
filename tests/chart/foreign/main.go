// SPDX-License-Identifier: Apache-2.0

// Reads Kubernetes objects as JSON from standard input, one after the other, into the types of the projects that their
// kinds belong to. What those types do not know is an error. Prints how many of each kind it read.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	securityv1 "github.com/openshift/api/security/v1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

var kinds = map[string]func() any{
	"monitoring.coreos.com/v1 PodMonitor":                 func() any { return &monitoringv1.PodMonitor{} },
	"monitoring.coreos.com/v1 ServiceMonitor":             func() any { return &monitoringv1.ServiceMonitor{} },
	"monitoring.coreos.com/v1 PrometheusRule":             func() any { return &monitoringv1.PrometheusRule{} },
	"security.openshift.io/v1 SecurityContextConstraints": func() any { return &securityv1.SecurityContextConstraints{} },
}

func read(raw json.RawMessage) error {
	var head struct{ APIVersion, Kind string }
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	kind := head.APIVersion + " " + head.Kind
	empty, known := kinds[kind]
	if !known {
		return fmt.Errorf("%s: no such kind", kind)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(empty()); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	fmt.Println(kind)
	return nil
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = read(raw)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
