{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/* A DaemonSet of .root's chart with the values .v, for the nodes of .pool or (null) of none. */}}
{{- define "seccompd.daemonset" -}}
{{- $fullname := include "seccompd.fullname" .root -}}
{{- $pool := ternary "default" (dig "name" "" (default dict .pool)) (not .pool) -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {{ ternary $fullname (printf "%s-%s" $fullname $pool) (not .pool) | quote }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "seccompd.labels" .root | nindent 4 }}
    app.kubernetes.io/component: agent
spec:
  selector:
    matchLabels:
      {{- include "seccompd.agentLabels" .root | nindent 6 }}
      seccompd/pool: {{ $pool | quote }}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: {{ .v.maxUnavailable }}
      maxSurge: 0 # a second agent waits for the first one's lock, and the rollout would wait for it
  template:
    metadata:
      labels:
        {{- with .v.commonLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- with .v.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- include "seccompd.agentLabels" .root | nindent 8 }}
        seccompd/pool: {{ $pool | quote }}
      annotations:
        kubectl.kubernetes.io/default-container: seccompd
        {{- if .v.openshift.enabled }}
        openshift.io/required-scc: {{ include "seccompd.clusterName" .root }}
        {{- end }}
        {{- with .v.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "seccompd.serviceAccountName" .root | quote }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      priorityClassName: {{ .v.priorityClassName | quote }}
      terminationGracePeriodSeconds: {{ .v.terminationGracePeriodSeconds }}
      {{- with .v.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "seccompd.scheduling" . | nindent 6 }}
      containers:
        - name: seccompd
          image: {{ include "seccompd.image" . | quote }}
          imagePullPolicy: {{ .v.image.pullPolicy }}
          command: [/usr/bin/seccompd]
          args:
            {{- include "seccompd.args" . | trim | nindent 12 }}
          ports:
            - name: http
              containerPort: {{ .v.port }}
              protocol: TCP
          startupProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 1
            timeoutSeconds: 5
            failureThreshold: 30
          livenessProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 12
          readinessProbe:
            httpGet:
              path: /readyz
              port: http
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          resources:
            {{- toYaml .v.resources | nindent 12 }}
          securityContext:
            {{- include "seccompd.securityContext" . | nindent 12 }}
          volumeMounts:
            - name: destination
              mountPath: {{ include "seccompd.destination" .v }}
            - name: run
              mountPath: /run/seccompd
            {{- if not .v.cleanup }}
            {{- include "seccompd.mounts" . | trim | nindent 12 }}
            {{- end }}
      volumes:
        - name: destination
          hostPath:
            path: {{ include "seccompd.destination" .v }}
            type: DirectoryOrCreate
        - name: run
          emptyDir:
            medium: Memory
            sizeLimit: 1Mi
        {{- if not .v.cleanup }}
        {{- include "seccompd.volumes" . | trim | nindent 8 }}
        {{- end }}
{{- end }}
